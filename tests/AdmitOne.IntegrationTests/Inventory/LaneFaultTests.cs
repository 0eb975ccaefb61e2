using System.Net;
using System.Net.Http.Json;
using AdmitOne.Cli.Load;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Tickets;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace AdmitOne.IntegrationTests.Inventory;

/// <summary>What lanes do when something fails in them, or when they have to wait.</summary>
public sealed class LaneFaultTests(LaneFaultTests.UsualLimits world) : IClassFixture<LaneFaultTests.UsualLimits>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_lane_goes_on_when_looking_for_a_lost_commit_fails_in_any_way()
    {
        var (sale, beside) = await InOneLaneAsync();
        // The first insert ends its own session; whoever then looks for the commit meets a fault that is neither a lost connection nor a collision.
        await world.Sql("""
            create function public.end_session() returns trigger language plpgsql as $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$;
            create trigger end_session before insert on tickets.reservations for each row execute function public.end_session();
            create function public.refuse_look() returns trigger language plpgsql as $$ begin if new.is_void then raise exception 'transaction ID is in the future' using errcode = '22023'; end if; return new; end $$;
            create trigger refuse_look before insert on tickets.lane_batches for each row execute function public.refuse_look();
            """);
        Task<HttpResponseMessage> lost;
        try
        {
            lost = world.HoldAsync(sale);
            await World.UntilAsync(() => Task.FromResult(world.Logged("may or may not have committed")));
            await world.Sql("drop trigger end_session on tickets.reservations");
            Assert.Equal(HttpStatusCode.Created, (await world.HoldAsync(beside)).StatusCode);   // the same lane, while the look-up goes on
            Assert.Equal("dependency_unavailable", await (await lost).RefusedAsync(HttpStatusCode.ServiceUnavailable));
        }
        finally
        {
            await world.Sql("drop trigger if exists end_session on tickets.reservations; drop trigger refuse_look on tickets.lane_batches; drop function public.end_session(), public.refuse_look()");
        }

        Assert.Equal(HttpStatusCode.Created, (await world.HoldAsync(sale)).StatusCode);
        await world.AssertBooksAreRightAsync(sale.EventId);
        using var anyone = world.Tickets();
        Assert.Equal("up", (await anyone.GetJsonAsync("/health/live")).Text("status"));
    }

    [Fact]
    public async Task A_session_that_ends_in_mid_batch_is_repeated_and_nobody_notices()
    {
        var sale = await world.PutOnSaleAsync(10);
        var before = await VoidAsync();
        await world.Sql("""
            create sequence public.first_only;
            grant usage on sequence public.first_only to admitone_tickets;
            create function public.end_session_once() returns trigger language plpgsql as $$ begin if nextval('public.first_only') = 1 then perform pg_terminate_backend(pg_backend_pid()); end if; return new; end $$;
            create trigger end_session_once before insert on tickets.reservations for each row execute function public.end_session_once();
            """);
        try
        {
            Assert.Equal(HttpStatusCode.Created, (await world.HoldAsync(sale)).StatusCode);
        }
        finally
        {
            await world.Sql("drop trigger end_session_once on tickets.reservations; drop function public.end_session_once(); drop sequence public.first_only");
        }
        Assert.Equal(1, await world.Ask<int>("select held from tickets.stock where ticket_type_id = @TicketTypeId", sale));
        Assert.Equal(before + 1, await VoidAsync());
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task A_locked_event_does_not_delay_another_of_its_lane_and_is_answered_overloaded()
    {
        var (locked, beside) = await InOneLaneAsync();
        await using var holder = await world.ConnectAsync();
        await holder.ExecuteAsync("begin; select 1 from tickets.stock where ticket_type_id = @TicketTypeId for update", locked);

        var blocked = world.HoldAsync(locked);
        await world.UntilWaitingAsync(1);
        for (var n = 0; n < 5; n++) Assert.Equal(HttpStatusCode.Created, (await world.HoldAsync(beside)).StatusCode);
        Assert.False(blocked.IsCompleted);

        using var refused = await blocked;
        Assert.Equal("overloaded", await refused.RefusedAsync(HttpStatusCode.ServiceUnavailable));
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter?.Delta);
        await holder.ExecuteAsync("rollback;");
        Assert.Equal(HttpStatusCode.Created, (await world.HoldAsync(locked)).StatusCode);
        await world.AssertBooksAreRightAsync(locked.EventId);
    }

    [Fact]
    public async Task What_waits_longest_is_measured_for_each_lane()
    {
        var sale = await world.PutOnSaleAsync(10);
        Assert.Equal(8, (await ScrapeAsync()).Split('\n').Count(line => line.StartsWith("admitone_lane_oldest_waiting_seconds{", StringComparison.Ordinal)));
        await using (var holder = await world.ConnectAsync())
        {
            await holder.ExecuteAsync("begin; select 1 from tickets.stock where ticket_type_id = @TicketTypeId for update", sale);
            var blocked = world.HoldAsync(sale);
            await World.UntilAsync(async () => Scrape.Read(await ScrapeAsync()).Sum("admitone_lane_oldest_waiting_seconds") > 0.5);
            await holder.ExecuteAsync("rollback;");
            await blocked;
        }
        await World.UntilAsync(async () => Scrape.Read(await ScrapeAsync()).Sum("admitone_lane_oldest_waiting_seconds") == 0);
    }

    [Fact]
    public async Task A_loop_that_has_ended_makes_the_service_say_that_it_is_not_alive()
    {
        var host = await world.StartAsync(configuration => TicketsService.Build(configuration, builder => builder.Services.AddHostedService<EndsAtOnce>()), world.TicketsSettings);
        using var client = world.Client(World.Address(host));
        await World.UntilAsync(async () => (await client.GetAsync("/health/live", Cancellation)).StatusCode == HttpStatusCode.ServiceUnavailable);
        using var answer = await client.GetAsync("/health/live", Cancellation);
        var said = await answer.Content.ReadFromJsonAsync<System.Text.Json.JsonElement>(Cancellation);
        Assert.Equal(("down", "EndsAtOnce has ended: restart this process"), (said.Text("status"), said.Text("reason")));
    }

    [Fact]
    public async Task The_services_sessions_have_limits_for_locks_idle_transactions_and_silent_peers()
    {
        (string, string)[] expected = [("statement_timeout", "5s"), ("lock_timeout", "2s"), ("idle_in_transaction_session_timeout", "2s"),
            ("tcp_keepalives_idle", "5"), ("tcp_keepalives_interval", "2"), ("tcp_keepalives_count", "3"), ("tcp_user_timeout", "11000"), ("client_connection_check_interval", "1s")];
        foreach (var services in new[] { world.TicketsServices, world.EventsServices })
        {
            await using var connection = await services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(Cancellation);
            foreach (var (name, value) in expected) Assert.Equal(value, await connection.ExecuteScalarAsync<string>($"show {name}"));
        }
        // The roles say the same for sessions that do not.
        foreach (var role in new[] { "admitone_events", "admitone_tickets" })
        {
            var settings = await world.Ask<string[]>("select rolconfig from pg_roles where rolname = @role", new { role });
            foreach (var setting in new[] { "statement_timeout=5s", "lock_timeout=2s", "idle_in_transaction_session_timeout=2s", "tcp_keepalives_idle=5", "tcp_user_timeout=11000" }) Assert.Contains(setting, settings!);
        }
    }

    private Task<int> VoidAsync() => world.Ask<int>("select count(*)::int from tickets.lane_batches where is_void");

    private async Task<string> ScrapeAsync()
    {
        using var client = world.Tickets();
        return await client.GetStringAsync("/metrics", Cancellation);
    }

    // An event's id decides which of four lanes it has.
    private async Task<(Sale First, Sale Second)> InOneLaneAsync()
    {
        var first = await world.PutOnSaleAsync(100);
        while (true)
        {
            var second = await world.PutOnSaleAsync(100);
            if ((uint)first.EventId.GetHashCode() % 4 == (uint)second.EventId.GetHashCode() % 4) return (first, second);
        }
    }

    public sealed class UsualLimits(Stack stack) : World(stack, [("DB_LOCK_TIMEOUT_MS", "2000"), ("DB_IDLE_IN_TRANSACTION_MS", "2000")])
    {
        /// <summary>Whether a line of the Ticket Service's log has this in it.</summary>
        public bool Logged(string text)
        {
            using var file = new FileStream(TicketsSettings["LOG_FILE"]!, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(file);
            return reader.ReadToEnd().Contains(text, StringComparison.Ordinal);
        }
    }

    private sealed class EndsAtOnce : BackgroundService
    {
        protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.CompletedTask;
    }
}
