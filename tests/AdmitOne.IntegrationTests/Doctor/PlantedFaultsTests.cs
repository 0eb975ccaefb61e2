using System.Globalization;
using AdmitOne.Cli.Doctor;
using AdmitOne.Cli.Local;
using AdmitOne.IntegrationTests.Harness;
using Microsoft.Extensions.Configuration;

namespace AdmitOne.IntegrationTests.Doctor;

/// <summary>A good configuration is green; each planted fault turns its own line, and says what to do.</summary>
public sealed class PlantedFaultsTests(World world, Stack stack) : IClassFixture<World>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_good_configuration_has_no_fault_but_the_tests_own()
    {
        var lines = await LookAsync();
        // The tests' PostgreSQL forces nothing to the disk, and the doctor sees that.
        Assert.Equal("durability", Assert.Single(lines, line => line.Finding.Verdict is Verdict.NoGo or Verdict.Unseen).Probe);
        Assert.Equal(Examination.Whole.Select(probe => probe.Name).Order(), lines.Select(line => line.Probe).Distinct().Order());
        Assert.Contains("42 of 42", Of(lines, "access paths").Found, StringComparison.Ordinal);
        Assert.Contains("13 of 13", Of(lines, "foreign keys").Found, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("secrets", "JWT_SECRET", "JWT_SECRET", "too-short")]
    [InlineData("secrets", "INTERNAL_API_KEY", "INTERNAL_API_KEY", "changeme-changeme-changeme-changeme")]
    [InlineData("secrets", "QR_ENCRYPTION_KEY", "QR_ENCRYPTION_KEY", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("repeated secrets", "same value", "INTERNAL_API_KEY", "=INTERNAL_WEBHOOK_SECRET")]
    [InlineData("TLS", "DB_SSL_MODE", "DB_SSL_MODE", "disable", "ENVIRONMENT", "production")]
    [InlineData("payments", "test", "PAYMENT_METHODS", "free,test", "ENVIRONMENT", "production")]
    [InlineData("Stripe", "STRIPE_SECRET_KEY is a publishable key", "STRIPE_SECRET_KEY", "pk_live_51Mq" + "LiJLkdIwHu7ix")]
    [InlineData("Stripe", "STRIPE_WEBHOOK_SECRET is no key of Stripe's", "STRIPE_WEBHOOK_SECRET", "hello-hello-hello")]
    [InlineData("Stripe", "STRIPE_SECRET_KEY is a test key", "STRIPE_SECRET_KEY", "sk_test_51Mq" + "LiJLkdIwHu7ix", "ENVIRONMENT", "production")]
    [InlineData("limits and metrics", "ENABLE_RATE_LIMITING", "ENABLE_RATE_LIMITING", "false", "ENVIRONMENT", "production")]
    [InlineData("limits and metrics", "ENABLE_METRICS", "ENABLE_METRICS", "false", "ENVIRONMENT", "production")]
    [InlineData("signing key", "CODE_SIGNING_KEY", "CODE_SIGNING_KEY", "-----BEGIN E" + "C PRIVATE KEY-----\nbm90IGEga2V5\n-----END EC PRIVATE KEY-----")]
    [InlineData("variables", "DB_POOL_MAX", "DB_POOL_MAX", "many")]
    [InlineData("variables", "disagree", "NODE_ENV", "staging", "ENVIRONMENT", "production")]
    [InlineData("database", "refused", "DB_PASSWORD", "not the password of this role")]
    [InlineData("database", "cannot be reached", "DB_PORT", "1")]
    [InlineData("database", "no such database", "DB_NAME", "nowhere")]
    [InlineData("pools", "of 397", "DB_POOL_MAX", "300")]
    [InlineData("redis", "cannot be reached", "REDIS_PORT", "1")]
    [InlineData("redis", "refused", "REDIS_PASSWORD", "not the password")]
    [InlineData("neighbours", "VENUE_SERVICE_URL", "VENUE_SERVICE_URL", "http://127.0.0.1:1")]
    public async Task A_fault_of_the_configuration_turns_its_line(string probe, string says, params string[] settings) =>
        AssertNoGo(await LookAsync(settings: settings), probe, says);

    [Fact]
    public async Task Different_keys_of_the_two_services_turn_their_line() =>
        AssertNoGo(await LookAsync(ticketsOnly: true, settings: ["INTERNAL_API_KEY", Stack.NewSecret()]), "shared variables", "INTERNAL_API_KEY");

    [Theory]
    [InlineData("schema", "behind", "delete from platform.schema_migrations where id = (select max(id) from platform.schema_migrations)", "insert into platform.schema_migrations select * from kept on conflict do nothing")]
    [InlineData("schema", "ahead", "insert into platform.schema_migrations select '20260101000099_future', k.product_version, k.applied_at from kept k limit 1", "delete from platform.schema_migrations where id like '%_future'")]
    [InlineData("access paths", "ix_tickets_user", "alter index tickets.ix_tickets_user rename to elsewhere", "alter index tickets.elsewhere rename to ix_tickets_user")]
    [InlineData("access paths", "ix_events_slug", "alter index events.ix_events_slug rename to elsewhere", "alter index events.elsewhere rename to ix_events_slug")]
    [InlineData("foreign keys", "orders_user_id_fkey", "alter table tickets.orders rename constraint orders_user_id_fkey to elsewhere", "alter table tickets.orders rename constraint elsewhere to orders_user_id_fkey")]
    [InlineData("row-level security", "tickets.orders", "alter table tickets.orders disable row level security", "alter table tickets.orders enable row level security")]
    [InlineData("row-level security", "tickets.stock", "alter table tickets.stock no force row level security", "alter table tickets.stock force row level security")]
    public async Task A_fault_of_the_database_turns_its_line(string probe, string says, string plant, string undo)
    {
        await world.Sql("create table if not exists kept as select * from platform.schema_migrations");
        await world.Sql(plant);
        try
        {
            AssertNoGo(await LookAsync(), probe, says);
        }
        finally
        {
            await world.Sql(undo);
        }
    }

    [Theory]
    [InlineData("bypassrls", "passes row-level security")]
    [InlineData("superuser", "is a superuser")]
    [InlineData("in role admitone_owner", "may become")]
    public async Task A_role_with_too_much_power_turns_its_line(string power, string says)
    {
        var (role, password) = ($"mighty_{Guid.CreateVersion7():n}", Stack.NewSecret());
        await world.Sql($"create role {role} login password '{password}' {power}; grant admitone_tickets to {role}; grant connect on database {world.TicketsSettings["DB_NAME"]} to {role}");
        try
        {
            AssertNoGo(await LookAsync(settings: ["DB_USER", role, "DB_PASSWORD", password]), "application roles", says);
        }
        finally
        {
            await world.Sql($"drop owned by {role}; drop role {role}");
        }
    }

    [Fact]
    public async Task What_a_role_says_of_the_statement_time_out_and_of_commits_turns_their_lines()
    {
        var lines = await LookWithRoleAsync("statement_timeout = '1s'", "synchronous_commit = 'off'");
        AssertNoGo(lines, "statement time-out", "1s");
        AssertNoGo(lines, "durability", "synchronous_commit");
    }

    [Fact]
    public async Task A_role_that_reads_whole_tables_is_warned_of()
    {
        var lines = await LookWithRoleAsync("enable_seqscan = on");
        Assert.Contains(lines, line => line is { Probe: "application roles", Finding: { Verdict: Verdict.Warning, Found: var found } } && found.StartsWith("admitone_tickets ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_redis_that_follows_another_and_takes_no_writes_turns_its_line()
    {
        stack.SkipIfMissing();
        using var data = DataFolder.Open(Path.Combine(Path.GetTempPath(), $"admitone-doctor-{Guid.CreateVersion7():n}"));
        try
        {
            await using var follower = await PrivateRedis.StartAsync(data, Stack.NewSecret(), Stop);
            string[] settings = ["REDIS_PORT", follower.Address.Port.ToString(CultureInfo.InvariantCulture), "REDIS_PASSWORD", follower.Address.Password!];
            using (var redis = await RedisLine.OpenAsync(new() { Host = "127.0.0.1", Port = follower.Address.Port, Password = follower.Address.Password }, Stop))
                await redis.AskAsync(Stop, "REPLICAOF", "127.0.0.1", "1");
            var lines = await LookAsync(settings: settings);
            AssertNoGo(lines, "redis writes", "read-only replica");
            Assert.Equal(Verdict.Go, Of(lines, "redis").Verdict);
        }
        finally
        {
            Directory.Delete(data.Servers, recursive: true);
            Directory.Delete(data.Path, recursive: true);
        }
    }

    [Theory]
    [InlineData(-5)]
    [InlineData(5)]
    public async Task A_clock_that_is_off_turns_its_line(int seconds) => AssertNoGo(await LookAsync(clock: new Off(TimeSpan.FromSeconds(seconds))), "clocks", "database's clock");

    [Fact]
    public async Task A_volume_that_is_too_full_turns_its_line() => AssertNoGo(await LookAsync(diskFree: long.MaxValue), "disk", "GiB free");

    [Fact]
    public async Task The_command_says_it_with_its_exit_code_and_as_json()
    {
        var settings = world.TicketsSettings.Concat(world.EventsSettings.Select(s => KeyValuePair.Create("EVENTS_" + s.Key, s.Value))).Select(s => (s.Key, s.Value)).ToArray();
        var good = await CommandRun.StartAsync(settings, "doctor", "--env", "--json");
        Assert.True(good.ExitCode == 0, good.Output + good.Errors);
        Assert.Equal("go", System.Text.Json.JsonDocument.Parse(good.Output).RootElement[0].Text("verdict"));
        foreach (var address in (string[])["--events", "--tickets", "--prometheus"])
        {
            Assert.Equal(0, (await CommandRun.StartAsync(settings, "doctor", "--env", address, "http://127.0.0.1:9090")).ExitCode);
            Assert.Contains($"{address} is an address such as", (await CommandRun.StartAsync(settings, "doctor", "--env", address, "nowhere")).Errors, StringComparison.Ordinal);
        }
        var bad = await CommandRun.StartAsync([.. settings, ("JWT_SECRET", "short")], "doctor", "--env");
        Assert.Equal(1, bad.ExitCode);
        Assert.Contains("NO-GO    secrets", bad.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(settings.First(s => s.Key == "INTERNAL_API_KEY").Value!, good.Output + bad.Output, StringComparison.Ordinal);
    }

    /// <summary>While the Ticket Service's role says these of its sessions, in this database.</summary>
    private async Task<IReadOnlyList<DoctorLine>> LookWithRoleAsync(params string[] says)
    {
        var role = $"admitone_tickets in database {world.TicketsSettings["DB_NAME"]}";
        foreach (var setting in says) await world.Sql($"alter role {role} set {setting}");
        try
        {
            return await LookAsync();
        }
        finally
        {
            await world.Sql($"alter role {role} reset all");
        }
    }

    private async Task<IReadOnlyList<DoctorLine>> LookAsync(string[]? settings = null, bool ticketsOnly = false, TimeProvider? clock = null, long diskFree = 1)
    {
        stack.SkipIfMissing();
        await using var patient = new Patient(Patient.Of(Told(world.EventsSettings, ticketsOnly ? [] : settings ?? []), Told(world.TicketsSettings, settings ?? [])))
        {
            DiskPath = Path.GetTempPath(),
            DiskFreeBytes = diskFree,
            Clock = clock ?? TimeProvider.System,
        };
        return await Examination.RunAsync(Examination.Whole, patient, Stop);
    }

    // `=NAME` is what that other variable has.
    private static IConfiguration Told(IReadOnlyDictionary<string, string?> known, string[] changes)
    {
        var settings = new Dictionary<string, string?>(known) { ["ENABLE_RATE_LIMITING"] = "true", ["PORT"] = "3999" };
        foreach (var change in changes.Chunk(2)) settings[change[0]] = change[1].StartsWith('=') ? settings[change[1][1..]] : change[1];
        return new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
    }

    private static Finding Of(IEnumerable<DoctorLine> lines, string probe) => lines.First(line => line.Probe == probe).Finding;

    private static void AssertNoGo(IReadOnlyList<DoctorLine> lines, string probe, string says)
    {
        var turned = lines.Where(line => line.Finding.Verdict == Verdict.NoGo).ToList();
        Assert.Contains(turned, line => line.Probe == probe && line.Finding.Found.Contains(says, StringComparison.Ordinal) && line.Finding.Do is { Length: > 0 });
    }

    private sealed class Off(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }
}
