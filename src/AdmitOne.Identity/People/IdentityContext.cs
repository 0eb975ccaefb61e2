using System.Data.Common;
using System.Text.Json;
using Dapper;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using OpenIddict.EntityFrameworkCore.Models;

namespace AdmitOne.Identity.People;

/// <summary>The schema <c>identity</c> as ASP.NET Core Identity and OpenIddict see it. The tables are made by migrations in SQL, never by Entity Framework.</summary>
public sealed class IdentityContext(DbContextOptions<IdentityContext> options) : IdentityUserContext<Person, Guid>(options)
{
    protected override Version SchemaVersion => IdentitySchemaVersions.Version3;   // with passkeys

    /// <summary>Runs a statement in the transaction that this context has begun, if there is one.</summary>
    public async Task<int> RunAsync(string sql, object parameters, CancellationToken cancellationToken)
    {
        var (connection, transaction) = Connect();
        return await connection.ExecuteAsync(new CommandDefinition(sql, parameters, transaction, cancellationToken: cancellationToken));
    }

    /// <summary>Reads rows in the transaction that this context has begun, if there is one.</summary>
    public async Task<IReadOnlyList<T>> AskAsync<T>(string sql, object parameters, CancellationToken cancellationToken)
    {
        var (connection, transaction) = Connect();
        return (await connection.QueryAsync<T>(new CommandDefinition(sql, parameters, transaction, cancellationToken: cancellationToken))).AsList();
    }

    protected override void OnModelCreating(ModelBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        base.OnModelCreating(builder);
        builder.UseOpenIddict();
        builder.HasDefaultSchema("identity");

        var person = builder.Entity<Person>().ToTable("people");
        // Sign-in is slowed by account and network (SignInDelays); nobody is locked out, and no phone is asked for.
        person.Ignore(p => p.LockoutEnabled).Ignore(p => p.LockoutEnd).Ignore(p => p.AccessFailedCount).Ignore(p => p.PhoneNumber).Ignore(p => p.PhoneNumberConfirmed);
        builder.Entity<IdentityUserClaim<Guid>>().ToTable("person_claims");
        builder.Entity<IdentityUserLogin<Guid>>().ToTable("person_logins");
        builder.Entity<IdentityUserToken<Guid>>().ToTable("person_tokens");
        builder.Entity<IdentityUserPasskey<Guid>>().ToTable("person_passkeys").OwnsOne(passkey => passkey.Data, data => data.ToJson("data"));
        builder.Entity<OpenIddictEntityFrameworkCoreApplication>().ToTable("oidc_applications");
        builder.Entity<OpenIddictEntityFrameworkCoreAuthorization>().ToTable("oidc_authorizations");
        builder.Entity<OpenIddictEntityFrameworkCoreScope>().ToTable("oidc_scopes");
        builder.Entity<OpenIddictEntityFrameworkCoreToken>().ToTable("oidc_tokens");

        foreach (var entity in builder.Model.GetEntityTypes().Where(entity => !entity.IsMappedToJson()))
            foreach (var property in entity.GetProperties())
                property.SetColumnName(property.Name == "UserId" ? "person_id" : JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name));
    }

    // Outside a transaction each statement opens and closes it, as Entity Framework's own do: a request that keeps one connection while it waits for a
    // second would wait for ever as soon as all of the pool are kept so.
    private (DbConnection Connection, DbTransaction? Transaction) Connect() => (Database.GetDbConnection(), Database.CurrentTransaction?.GetDbTransaction());
}
