using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Schema;
using Dapper;
using Npgsql;
using static AdmitOne.IntegrationTests.Schema.EmptyDatabase;

namespace AdmitOne.IntegrationTests.Schema;

public sealed class DatabaseRolesTests
{
    private static readonly Dictionary<string, string> _none = [];

    [Fact]
    public async Task No_role_is_a_superuser_bypasses_policies_or_makes_others_and_only_five_log_in()
    {
        await using var database = await MakeAsync();
        Assert.Equal(0, await database.AskAsync<int>("""
            select count(*) from pg_roles where rolname like 'admitone\_%' and (rolsuper or rolbypassrls or rolcreatedb or rolcreaterole or rolreplication)
            """));
        Assert.Equal("admitone_audit,admitone_events,admitone_identity,admitone_migrate,admitone_tickets", await database.AskAsync<string>("""
            select string_agg(rolname, ',' order by rolname) from pg_roles where rolcanlogin
               and rolname in ('admitone_owner', 'admitone_migrate', 'admitone_events', 'admitone_tickets', 'admitone_identity', 'admitone_worker', 'admitone_audit')
            """));
    }

    [Fact]
    public async Task The_database_is_the_owners_in_utf8_and_closed_to_strangers()
    {
        await using var database = await MakeAsync();
        Assert.Equal("admitone_owner UTF8", await database.AskAsync<string>(
            "select pg_get_userbyid(datdba) || ' ' || pg_encoding_to_char(encoding) from pg_database where datname = current_database()"));
        Assert.False(await database.AskAsync<bool>(
            "select exists (select from pg_database, aclexplode(datacl) as acl where datname = current_database() and acl.grantee = 0)"));
        Assert.True(await database.AskAsync<bool>("""
            select bool_and(has_database_privilege(r, current_database(), 'connect') and not has_database_privilege(r, current_database(), 'create')
                            and not has_schema_privilege(r, 'public', 'create'))
              from unnest(array['admitone_events', 'admitone_tickets', 'admitone_identity', 'admitone_audit']) as r
            """));
    }

    [Fact]
    public async Task Eight_at_once_for_one_database_and_for_several_all_succeed()
    {
        var shared = NewName();
        string[] names = [shared, shared, shared, shared, NewName(), NewName(), NewName(), NewName()];
        try
        {
            await Task.WhenAll(names.Select(name => DatabaseRoles.EnsureAsync(Server, name, _none, Cancellation)));
            foreach (var name in names.Distinct()) Assert.Equal(0, await new Migrator(On(name), ShopMigrations.Set, null).CurrentAsync(Cancellation));
        }
        finally
        {
            foreach (var name in names.Distinct()) await DropAsync(name);
        }
    }

    [Fact]
    public async Task A_password_that_was_set_logs_the_migrating_role_in_which_then_acts_as_the_owner()
    {
        await using var database = await MakeAsync();
        // Roles are the cluster's, and others may log in by this one's password: it is put back as it was.
        var before = await database.AskAsync<string?>("select rolpassword from pg_authid where rolname = 'admitone_migrate'");
        try
        {
            foreach (var password in (string[])["it's \\ 100% \"fine\"", "пароль"])
            {
                await DatabaseRoles.EnsureAsync(Server, database.Name, new Dictionary<string, string> { ["admitone_migrate"] = password }, Cancellation);
                var login = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = "admitone_migrate", Password = password };
                await new Migrator(login.ConnectionString, ShopMigrations.Set, null).UpAsync(null, Cancellation);
                Assert.StartsWith("SCRAM-SHA-256$4096:", await database.AskAsync<string>("select rolpassword from pg_authid where rolname = 'admitone_migrate'"), StringComparison.Ordinal);
            }
        }
        finally
        {
            await database.DoAsync($"alter role admitone_migrate password {(before is null ? "null" : $"'{before}'")}");
        }
    }

    [Fact]
    public async Task A_managed_servers_administrator_who_is_no_superuser_can_do_it_all()
    {
        var (admin, name) = ($"managed_{Guid.CreateVersion7():n}", NewName());
        await using var server = new NpgsqlConnection(Server);
        await server.OpenAsync(Cancellation);
        await server.ExecuteAsync($"create role {admin} login createrole createdb password 'managed'");
        try
        {
            var login = new NpgsqlConnectionStringBuilder(Server) { Username = admin, Password = "managed", Database = "postgres" }.ConnectionString;
            await DatabaseRoles.EnsureAsync(login, name, _none, Cancellation);
            await DatabaseRoles.EnsureAsync(login, name, _none, Cancellation);
            await new Migrator(On(name), ShopMigrations.Set, null).UpAsync(null, Cancellation);
        }
        finally
        {
            await DropAsync(name);
            await server.ExecuteAsync($"drop owned by {admin}; drop role {admin}");
        }
    }

    [Theory]
    [InlineData(DatabaseRoles.Events, "Index")]
    [InlineData(DatabaseRoles.Tickets, "Index")]
    [InlineData(null, "Seq Scan")] // what PostgreSQL does for anybody else
    public async Task A_service_does_not_go_on_reading_all_of_a_table_that_was_small_when_its_statement_was_planned(string? role, string how)
    {
        await using var database = await MakeAsync();
        await database.DoAsync("""
            create table public.rush (id int primary key);
            grant usage on schema public to public; grant select on public.rush to public;
            insert into public.rush values (1);
            """);
        await database.DoAsync("vacuum analyze public.rush");
        var login = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        if (role is not null) (login.Username, login.Password) = (role, Stack.Current.Passwords[role]);
        await using var service = new NpgsqlConnection(login.ConnectionString);
        await service.OpenAsync(Cancellation);
        await service.ExecuteAsync("set plan_cache_mode = force_generic_plan; prepare find (int) as select id from public.rush where id = $1");
        await service.ExecuteAsync("execute find(1)");

        await database.DoAsync("insert into public.rush select generate_series(2, 20000)");

        var plan = string.Join('\n', await service.QueryAsync<string>("explain execute find(1)"));
        Assert.Contains(how, plan, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_login_that_is_none_of_ours_is_refused() =>
        await Assert.ThrowsAsync<ArgumentException>(() =>
            DatabaseRoles.EnsureAsync(Server, "unused", new Dictionary<string, string> { ["postgres"] = "no" }, Cancellation));

    private static string On(string database) => new NpgsqlConnectionStringBuilder(Server) { Database = database, Pooling = false }.ConnectionString;
}
