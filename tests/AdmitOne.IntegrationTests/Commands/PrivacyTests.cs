using System.Net;
using System.Text.Json;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Schema;
using Dapper;

namespace AdmitOne.IntegrationTests.Commands;

/// <summary>A person may see what is kept about them, and be forgotten; the books stay right.</summary>
public sealed class PrivacyTests(World world) : IClassFixture<World>
{
    private const string Address = "cleo.canary@people.example";

    [Fact]
    public async Task A_person_is_exported_whole_and_erased_from_every_table_while_their_order_stays()
    {
        var person = Guid.CreateVersion7();
        using (var client = world.Tickets())
        {
            client.DefaultRequestHeaders.Authorization = new("Bearer", world.Token(Roles.Customer, person, email: Address));
            await client.GetJsonAsync("/api/v1/orders");
        }
        var sale = await world.PutOnSaleAsync(10);
        var order = await (await world.BuyAsync(sale, 2, person)).ReadAsync(HttpStatusCode.Created);
        await world.Sql("update platform.users set email = @Address, name = 'Cleo Canary' where id = @person", new { Address, person });
        var ticket = order.Items("tickets")[0].Id();
        await world.Sql("""
            insert into tickets.ticket_transfers (tenant_id, id, ticket_id, from_user_id, recipient_email, message, status, expires_at)
            values (@Tenant, gen_random_uuid(), @ticket, @person, @Address, 'for Cleo', 'offered', now())
            """, new { world.Tenant, ticket, person, Address });
        await world.Sql("insert into platform.outbox (tenant_id, id, type, resource_id, data) values (@Tenant, gen_random_uuid(), 'transfer.offered', @ticket, jsonb_build_object('recipientEmail', @Address::text))",
            new { world.Tenant, ticket, Address });

        var export = await RunAsync("export", "--email", Address.ToUpperInvariant());
        Assert.Equal((0, ""), (export.ExitCode, export.Errors));
        var kept = JsonDocument.Parse(export.Output).RootElement;
        Assert.Equal(Address, kept.GetProperty("person")[0].Text("email"));
        Assert.Equal((1, 2, 1), (kept.GetProperty("orders").GetArrayLength(), kept.GetProperty("tickets").GetArrayLength(), kept.GetProperty("transfers").GetArrayLength()));

        var erase = await RunAsync("erase", "--user", person.ToString());
        Assert.Equal((0, ""), (erase.ExitCode, erase.Errors));
        Assert.Empty(await PlacesAsync(Address));
        Assert.Empty(await PlacesAsync("Cleo Canary"));
        using var manager = world.Tickets(Roles.VenueManager);
        Assert.Equal("paid", (await manager.GetJsonAsync($"/api/v1/orders/{order.Id("orderId")}")).Text("status"));
        await world.AssertBooksAreRightAsync();
        Assert.Equal(1, await world.Ask<int>("select count(*)::int from platform.audit_log where action = 'privacy.erase' and resource_id = @person", new { person }));
    }

    [Fact]
    public async Task A_guest_and_an_attendee_are_found_by_their_address_and_erased()
    {
        const string Guest = "gil.canary@people.example", Friend = "fay.canary@people.example";
        var sale = await world.PutOnSaleAsync(10);
        using var guest = await world.GuestAsync(sale);
        var order = await (await World.BuyAsGuestAsync(guest, sale, 2, Guest)).ReadAsync(HttpStatusCode.Created);
        using var name = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/tickets/{order.Items("tickets")[0].Id()}")
        {
            Content = System.Net.Http.Json.JsonContent.Create(new { attendeeName = "Fay Canary", attendeeEmail = Friend }),
        };
        await (await guest.SendAsync(name, TestContext.Current.CancellationToken)).ReadAsync();

        var kept = JsonDocument.Parse((await RunAsync("export", "--email", Guest.ToUpperInvariant())).Output).RootElement;
        Assert.Equal((1, 1), (kept.GetProperty("orders").GetArrayLength(), kept.GetProperty("payments").GetArrayLength()));
        kept = JsonDocument.Parse((await RunAsync("export", "--email", Friend)).Output).RootElement;
        Assert.Equal(1, kept.GetProperty("tickets").GetArrayLength());
        foreach (var address in new[] { Friend, Guest })
        {
            var erase = await RunAsync("erase", "--email", address);
            Assert.Equal((0, ""), (erase.ExitCode, erase.Errors));
        }
        foreach (var text in new[] { Guest, Friend, "Fay Canary" }) Assert.Empty(await PlacesAsync(text));
        Assert.Equal("paid", (await guest.GetJsonAsync($"/api/v1/orders/{order.Id("orderId")}")).Text("status"));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task Nobody_is_found_in_another_tenant()
    {
        var stranger = await RunAsync("export", "--user", Guid.CreateVersion7().ToString());
        Assert.Equal(1, stranger.ExitCode);
        Assert.Contains("no such person", stranger.Errors, StringComparison.Ordinal);
    }

    /// <returns>The tables in which a text stands, anywhere in a row.</returns>
    private async Task<List<string>> PlacesAsync(string text)
    {
        await using var superuser = await world.ConnectAsync();
        var found = new List<string>();
        foreach (var table in await superuser.QueryAsync<string>("""
            select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('platform', 'events', 'tickets', 'identity') and c.relkind = 'r'
            """))
            if (await superuser.ExecuteScalarAsync<bool>($"select exists (select from {table} x where strpos(lower(x::text), lower(@text)) > 0)", new { text })) found.Add(table);
        return found;
    }

    private Task<CommandRun> RunAsync(string what, params string[] who)
    {
        var settings = world.TicketsSettings;
        return CommandRun.StartAsync(
            [("DB_HOST", settings["DB_HOST"]), ("DB_PORT", settings["DB_PORT"]), ("DB_NAME", settings["DB_NAME"]), ("DB_MIGRATE_PASSWORD", Stack.Current.Passwords[DatabaseRoles.Migrate])],
            ["privacy", what, "--tenant", world.Tenant.ToString(), .. who]);
    }
}
