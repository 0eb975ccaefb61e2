using System.ComponentModel;
using Microsoft.EntityFrameworkCore.Migrations;

namespace AdmitOne.Schema;

/// <summary>What EF Core sees of one migration: its statements, nothing of a model.</summary>
/// <remarks>Public only because the types that carry EF's id are made at run time and derive from it.</remarks>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class SqlMigration : Migration
{
    internal SqlMigrationFiles Files { get; set; } = null!;

    protected override void Up(MigrationBuilder migrationBuilder) => Add(migrationBuilder, Files.Up);

    protected override void Down(MigrationBuilder migrationBuilder) => Add(migrationBuilder, Files.Down);

    // One operation a statement: two index builds in one call would share an implicit transaction and fail,
    // and a failure can be told by its statement.
    private static void Add(MigrationBuilder builder, SqlFile file)
    {
        ArgumentNullException.ThrowIfNull(builder);
        foreach (var statement in file.Statements) builder.Sql(statement, suppressTransaction: !file.Transactional);
    }
}
