using System.Reflection;
using System.Reflection.Emit;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace AdmitOne.Schema;

/// <summary>Offers a <see cref="MigrationSet"/> to EF Core in the place of the classes that it would look for.</summary>
/// <remarks>EF reads a migration's id from an attribute of its class, so each gets a class of one line, made here.</remarks>
internal sealed class SqlMigrationsAssembly : IMigrationsAssembly
{
    private readonly MigrationSet _set;
    private readonly SortedDictionary<string, TypeInfo> _migrations = new(StringComparer.Ordinal);

    public SqlMigrationsAssembly(ICurrentDbContext context)
    {
        _set = ((MigrationContext)context.Context).Set;
        var module = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("AdmitOne.Schema.Made"), AssemblyBuilderAccess.RunAndCollect)
            .DefineDynamicModule("Made");
        var attribute = typeof(MigrationAttribute).GetConstructor([typeof(string)])!;
        foreach (var migration in _set)
        {
            var type = module.DefineType($"M{migration.Id}", TypeAttributes.Public | TypeAttributes.Sealed, typeof(SqlMigration));
            type.SetCustomAttribute(new CustomAttributeBuilder(attribute, [migration.Id]));
            _migrations.Add(migration.Id, type.CreateTypeInfo());
        }
    }

    public IReadOnlyDictionary<string, TypeInfo> Migrations => _migrations;

    /// <summary>There is none: the SQL files are the truth.</summary>
    public ModelSnapshot? ModelSnapshot => null;

    public Assembly Assembly => typeof(SqlMigrationsAssembly).Assembly;

    public string? FindMigrationId(string nameOrId) => _set.Find(nameOrId)?.Id;

    public Migration CreateMigration(TypeInfo migrationClass, string activeProvider)
    {
        var migration = (SqlMigration)Activator.CreateInstance(migrationClass.AsType())!;
        migration.Files = _set.Find(migrationClass.GetCustomAttribute<MigrationAttribute>()!.Id)!;
        migration.ActiveProvider = activeProvider;
        return migration;
    }
}
