using AdmitOne.Cli.Local;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Audit;
using AdmitOne.Schema;
using Npgsql;

namespace AdmitOne.IntegrationTests.Audit;

/// <summary>Who can write everything changes the log behind the product's back; the chain tells, and names the row.</summary>
public sealed class ChainTests(World world, Stack stack) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_log_that_nobody_touched_has_no_faults()
    {
        var (tenant, _) = await SealedAsync();
        var report = await CheckAsync(tenant);
        Assert.Empty(report.Faults);
        Assert.Equal(6, report.Rows);
        Assert.InRange(report.Blocks, 2, 6);
    }

    [Theory]
    [InlineData("update platform.audit_log set after = '{\"n\": 99}' where id = @id")]
    [InlineData("update platform.audit_log set actor_id = gen_random_uuid() where id = @id")]
    [InlineData("update platform.audit_log set occurred_at = occurred_at + interval '1 microsecond' where id = @id")]
    [InlineData("update platform.audit_log set client_address = null where id = @id")]
    public async Task A_changed_row_is_named(string tamper)
    {
        var (tenant, ids) = await SealedAsync();
        await world.Sql(tamper, new { id = ids[2] });
        Assert.Equal([("changed", (Guid?)ids[2])], Named(await CheckAsync(tenant)));
    }

    [Fact]
    public async Task A_removed_row_is_named()
    {
        var (tenant, ids) = await SealedAsync();
        await world.Sql("delete from platform.audit_log where id = @id", new { id = ids[3] });
        Assert.Equal([("removed", (Guid?)ids[3])], Named(await CheckAsync(tenant)));
    }

    [Fact]
    public async Task A_row_put_between_is_named_whether_it_was_sealed_afterwards_or_not()
    {
        const string Forged = """
            insert into platform.audit_log (tenant_id, id, occurred_at, service, actor_kind, actor_name, action, resource_type, resource_id)
            values (@tenant, @id, clock_timestamp() - interval '1 hour', 'admitone-events', 'system', 'forged', 'test.forged', 'test', @id)
            """;
        var (tenant, _) = await SealedAsync();
        var (unsealed, belated) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await world.Sql($"set session_replication_role = replica; {Forged}; set session_replication_role = origin", new { tenant, id = unsealed });
        await world.Sql(Forged, new { tenant, id = belated });
        await SealAsync(tenant);
        Assert.Equal(new[] { ("inserted", (Guid?)unsealed), ("inserted", belated) }.Order(), Named(await CheckAsync(tenant)).Order());
    }

    [Fact]
    public async Task Seals_that_were_changed_with_their_row_break_the_block()
    {
        var (tenant, ids) = await SealedAsync();
        await world.Sql("delete from platform.audit_log where id = @id; delete from platform.audit_seals where audit_id = @id", new { id = ids[1] });
        Assert.Contains(Named(await CheckAsync(tenant)), fault => fault.Kind == "broken");
        var (other, others) = await SealedAsync();
        await world.Sql("update platform.audit_seals set hash = sha256('x') where audit_id = @id", new { id = others[1] });
        Assert.Equal(["broken", "changed"], Named(await CheckAsync(other)).Select(f => f.Kind).Order());
    }

    [Fact]
    public async Task A_chain_that_was_computed_anew_does_not_have_the_hash_that_was_logged()
    {
        var (tenant, ids) = await SealedAsync();
        var logged = new AuditAnchor(tenant, 1, (await world.Ask<string>("select encode(hash, 'hex') from platform.audit_blocks where tenant_id = @tenant and block = 1", new { tenant }))!);
        Assert.Empty((await CheckAsync(tenant, logged)).Faults);

        await world.Sql("""
            delete from platform.audit_log where id = @id;
            delete from platform.audit_seals where tenant_id = @tenant;
            delete from platform.audit_blocks where tenant_id = @tenant;
            insert into platform.audit_waiting (tenant_id, audit_id) select tenant_id, id from platform.audit_log where tenant_id = @tenant order by occurred_at;
            """, new { tenant, id = ids[0] });
        await SealAsync(tenant);
        Assert.Empty((await CheckAsync(tenant)).Faults);
        Assert.Equal(["rewritten"], Named(await CheckAsync(tenant, logged)).Select(f => f.Kind));
    }

    [Fact]
    public async Task The_services_can_add_and_can_neither_change_nor_remove_nor_seal()
    {
        var (tenant, ids) = await SealedAsync();
        foreach (var role in new[] { DatabaseRoles.Events, DatabaseRoles.Tickets })
        {
            foreach (var sql in new[]
            {
                "update platform.audit_log set action = 'x'", "delete from platform.audit_log", "truncate platform.audit_log",
                $"insert into platform.audit_blocks (tenant_id, block, rows, hash) values ('{tenant}', 99, 1, sha256('x'))",
                $"insert into platform.audit_seals (tenant_id, block, position, audit_id, hash) values ('{tenant}', 1, 99, '{ids[0]}', sha256('x'))",
                "delete from platform.audit_waiting", "delete from platform.outbox_waiting", "delete from platform.outbox", "update platform.outbox_heads set sequence = 0",
            })
            {
                var refused = await Assert.ThrowsAsync<PostgresException>(() => world.Sql($"set role {role}; select set_config('app.tenant_id', '{tenant}', false); {sql}"));
                Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
            }
        }
    }

    [Fact]
    public async Task The_command_line_names_the_row_and_ends_with_1()
    {
        var (tenant, ids) = await SealedAsync();
        var right = await VerifyAsync(tenant);
        Assert.Equal((0, "", 1), (right.ExitCode, right.Errors, right.Lines.Count));
        Assert.StartsWith("checked 6 rows of the audit log in ", right.Lines[0], StringComparison.Ordinal);
        Assert.EndsWith(": no faults", right.Lines[0], StringComparison.Ordinal);

        await world.Sql("delete from platform.audit_log where id = @id", new { id = ids[3] });
        var wrong = await VerifyAsync(tenant);
        Assert.Equal(1, wrong.ExitCode);
        Assert.StartsWith($"audit_removed: tenant {tenant}, id {ids[3]}: It was row ", wrong.Lines[0], StringComparison.Ordinal);
        Assert.Equal(2, (await VerifyAsync(tenant, "--anchor", "nonsense")).ExitCode);
    }

    private Task<CommandRun> VerifyAsync(Guid tenant, params string[] options) => CommandRun.StartAsync(
    [
        ("DB_HOST", world.TicketsSettings["DB_HOST"]), ("DB_PORT", world.TicketsSettings["DB_PORT"]), ("DB_NAME", world.TicketsSettings["DB_NAME"]),
        ("DB_AUDIT_PASSWORD", stack.Passwords[DatabaseRoles.Audit]),
    ], ["verify", "--audit", "--tenant", tenant.ToString(), .. options]);

    /// <summary>An organiser with six entries in at least two blocks.</summary>
    private async Task<(Guid Tenant, IReadOnlyList<Guid> Ids)> SealedAsync()
    {
        var (tenant, ids) = (await world.NewTenantAsync(), new List<Guid>());
        foreach (var half in new[] { 3, 6 })
        {
            while (ids.Count < half)
            {
                ids.Add(Guid.CreateVersion7());
                await using var work = await world.EventsDatabase.BeginAsync(tenant, Cancellation);
                await work.AuditAsync(new Actor(ActorKind.User, Guid.CreateVersion7(), "admin", "192.0.2.1", "a-request"),
                    new AuditEntry("test.do", "test", ids[^1], new { n = ids.Count - 1, name = "Zoë \"&\" <ü>" }, new { n = ids.Count }), Cancellation);
                await work.CommitAsync(Cancellation);
            }
            await SealAsync(tenant);
        }
        // The entries' own ids, in the order of their making.
        var own = await world.Ask<Guid[]>("select array_agg(id order by occurred_at) from platform.audit_log where tenant_id = @tenant", new { tenant });
        return (tenant, own!);
    }

    // The sealers of both services do it within a second.
    private Task SealAsync(Guid tenant) => World.UntilAsync("everything is sealed", async () =>
        await world.Ask<long>("select count(*) from platform.audit_waiting where tenant_id = @tenant", new { tenant }) == 0);

    private async Task<AuditReport> CheckAsync(Guid tenant, params AuditAnchor[] anchors)
    {
        await using var source = NpgsqlDataSource.Create((stack.Postgres with { Database = world.TicketsSettings["DB_NAME"]!, User = DatabaseRoles.Audit, Password = stack.Passwords[DatabaseRoles.Audit] }).ConnectionString());
        return await AuditCheck.RunAsync(source, tenant, anchors, Cancellation);
    }

    private static IEnumerable<(string Kind, Guid? Id)> Named(AuditReport report) => report.Faults.Select(fault => (fault.Kind, fault.Id));
}
