using System.Net;
using System.Text;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Sales;

/// <summary>Whatever is sent, the answer is the right 4xx with a word of help, and nothing is lost.</summary>
public sealed class BadInputTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, int, string> Bodies => new()
    {
        { "", 400, "invalid_json" },
        { "{", 400, "invalid_json" },
        { "null", 400, "invalid_json" },
        { "[]", 400, "invalid_json" },
        { "\"text\"", 400, "invalid_json" },
        { "{}", 400, "invalid_json" },
        { """{"eventId":"EVENT"}""", 400, "invalid_json" },
        { """{"eventId":7,"items":[]}""", 400, "invalid_json" },
        { """{"eventId":"not-a-uuid","items":[{"ticketTypeId":"TYPE","quantity":1}]}""", 400, "invalid_json" },
        { """{"eventId":"EVENT","items":null}""", 400, "invalid_json" },
        { """{"eventId":"EVENT","items":{}}""", 400, "invalid_json" },
        { """{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":1}],"price":1}""", 400, "unknown_property" },
        { """{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":1,"Quantity":2}]}""", 400, "unknown_property" },
        { """{"eventId":"EVENT","eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":1}]}""", 400, "invalid_json" },
        { """{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":"1"}]}""", 400, "invalid_json" },
        { """{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":1.5}]}""", 400, "invalid_json" },
        { """{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":true}]}""", 400, "invalid_json" },
        { """{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":99999999999999999999}]}""", 400, "invalid_json" },
        { """{"eventId":"EVENT","items":[]}""", 422, "validation_failed" },
        { """{"eventId":"EVENT","items":[null]}""", 422, "validation_failed" },
        { """{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":0}]}""", 422, "validation_failed" },
        { """{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":-3}]}""", 422, "validation_failed" },
        { """{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":2000000000}]}""", 422, "validation_failed" },
        { """{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":1},{"ticketTypeId":"TYPE","quantity":1}]}""", 422, "validation_failed" },
        { """{"eventId":"EVENT","items":[{"ticketTypeId":"OTHER","quantity":1}]}""", 404, "not_found" },
        { """{"eventId":"OTHER","items":[{"ticketTypeId":"TYPE","quantity":1}]}""", 404, "not_found" },
    };

    [Theory, MemberData(nameof(Bodies))]
    public async Task A_bad_reservation_is_refused_with_its_reason(string body, int status, string code)
    {
        var sale = await SaleAsync();
        using var client = world.Tickets(Roles.Customer);
        using var answer = await client.PostAsync("/api/v1/reservations", Json(Fill(body, sale)), Cancellation);
        Assert.Equal(code, await answer.RefusedAsync((HttpStatusCode)status));
    }

    [Theory, MemberData(nameof(Bodies))]
    public async Task The_same_body_as_a_purchase_is_refused_too(string body, int status, string code)
    {
        var sale = await SaleAsync();
        using var client = world.Tickets(Roles.Customer);
        client.DefaultRequestHeaders.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        var paid = body.EndsWith('}') && body.Length > 2 ? body[..^1] + ""","payment":{"method":"test","token":"tok_ok"}}""" : body;
        using var answer = await client.PostAsync("/api/v1/purchases", Json(Fill(paid, sale)), Cancellation);
        // Here `items` may be absent or null, for a reservation has them: a rule about values, not a missing property.
        var optional = body is """{"eventId":"EVENT"}""" or """{"eventId":"EVENT","items":null}""";
        Assert.Equal(optional ? "validation_failed" : code, await answer.RefusedAsync(optional ? HttpStatusCode.UnprocessableEntity : (HttpStatusCode)status));
    }

    [Theory]
    [InlineData("""{"payment":{"method":"test","token":"tok_ok"}}""", 422, "validation_failed")]
    [InlineData("""{"reservationId":"OTHER","payment":{"method":"test","token":"tok_ok"}}""", 404, "not_found")]
    [InlineData("""{"reservationId":"OTHER","eventId":"EVENT","payment":{"method":"test","token":"tok_ok"}}""", 422, "validation_failed")]
    [InlineData("""{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":1}]}""", 400, "invalid_json")]
    [InlineData("""{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":1}],"payment":null}""", 400, "invalid_json")]
    [InlineData("""{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":1}],"payment":{"method":"gold"}}""", 422, "validation_failed")]
    [InlineData("""{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":1}],"payment":{"method":"test"}}""", 422, "validation_failed")]
    [InlineData("""{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":1}],"payment":{"method":"test","token":"tok_magic"}}""", 422, "validation_failed")]
    [InlineData("""{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":1}],"payment":{"method":"stripe","token":"pm_1"}}""", 422, "payment_method_unavailable")]
    public async Task A_bad_purchase_is_refused_with_its_reason(string body, int status, string code)
    {
        var sale = await SaleAsync();
        using var client = world.Tickets(Roles.Customer);
        client.DefaultRequestHeaders.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        using var answer = await client.PostAsync("/api/v1/purchases", Json(Fill(body, sale)), Cancellation);
        Assert.Equal(code, await answer.RefusedAsync((HttpStatusCode)status));
        Assert.Equal(0, await world.Ask<int>("select count(*)::int from tickets.orders where event_id = @EventId", new { sale.EventId }));
    }

    [Theory]
    [InlineData("""{"eventId":"EVENT"}""", 400, "invalid_json", null)]
    [InlineData("""{"code":null,"eventId":"EVENT"}""", 400, "invalid_json", null)]
    [InlineData("""{"code":7,"eventId":"EVENT"}""", 400, "invalid_json", null)]
    [InlineData("""{"code":"X","eventId":"here"}""", 400, "invalid_json", null)]
    [InlineData("""{"code":"X","eventId":"EVENT","admit":true}""", 400, "unknown_property", null)]
    [InlineData("""{"code":"","eventId":"EVENT"}""", 422, "validation_failed", "/code")]
    [InlineData("""{"code":"LONG","eventId":"EVENT"}""", 422, "validation_failed", "/code")]
    [InlineData("""{"code":"X","eventId":"EVENT","gate":" "}""", 422, "validation_failed", "/gate")]
    [InlineData("""{"code":"X","eventId":"EVENT","gate":"No\u0007rth"}""", 422, "validation_failed", "/gate")]
    [InlineData("""{"code":"X","eventId":"EVENT","gate":"LONG"}""", 422, "validation_failed", "/gate")]
    [InlineData("""{"code":"X","eventId":"EVENT","direction":"sideways"}""", 422, "validation_failed", "/direction")]
    [InlineData("""{"code":"","eventId":"EVENT","gate":"","direction":""}""", 422, "validation_failed", "/code /gate /direction")]
    public async Task A_bad_scan_is_refused_with_its_reason(string body, int status, string code, string? pointers)
    {
        var sale = await SaleAsync();
        using var client = world.Tickets(Roles.VenueStaff);
        // The second time its sender is known again, and nothing else may be different.
        for (var time = 0; time < 2; time++)
        {
            using var answer = await client.PostAsync("/api/v1/scans", Json(Fill(body.Replace("LONG", new string('A', 4001), StringComparison.Ordinal), sale)), Cancellation);
            Assert.Equal(code, await answer.RefusedAsync((HttpStatusCode)status));
            if (pointers is not null) Assert.Equal(pointers, string.Join(' ', (await answer.ReadAsync((HttpStatusCode)status)).Items("errors").Select(error => error.Text("pointer"))));
        }
    }

    [Theory]
    [InlineData("reservations", """{"eventId":"abc","items":[{"ticketTypeId":"TYPE","quantity":1}]}""", "/eventId", "Must be a UUID, such as 0199a1b2-7c00-7000-8000-000000000001.")]
    [InlineData("reservations", """{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":"1"}]}""", "/items/0/quantity", "Must be a whole number from -2147483648 to 2147483647")]
    [InlineData("reservations", """{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":1.5}]}""", "/items/0/quantity", "Must be a whole number")]
    [InlineData("reservations", """{"eventId":"EVENT","items":{}}""", "/items", "Must be a list")]
    [InlineData("reservations", """{"eventId":"EVENT","items":[7]}""", "/items/0", "Must be an object with ticketTypeId and quantity, such as {")]
    [InlineData("reservations", """[]""", "", "Must be an object")]
    [InlineData("events/EVENT/ticket-types", """{"name":"A","price":25,"quantity":1}""", "/price", "Must be an object with amount and currency, such as {\"amount\":4500,\"currency\":\"EUR\"}.")]
    [InlineData("events/EVENT/ticket-types", """{"name":"A","price":"25.00 EUR","quantity":1}""", "/price", "Must be an object with amount and currency")]
    [InlineData("events/EVENT/ticket-types", """{"name":"A","price":{"amount":25.5,"currency":"EUR"},"quantity":1}""", "/price/amount", "Must be a whole number")]
    [InlineData("events/EVENT/ticket-types", """{"name":"A","price":{"amount":1,"currency":"EUR"},"quantity":1,"salesEndAt":"2030-01-01T10:00:00"}""", "/salesEndAt", "Must be an instant with its offset from UTC, such as 2026-11-22T19:30:00Z")]
    [InlineData("events/EVENT/ticket-types", """{"name":"A","price":{"amount":1,"currency":"EUR"},"quantity":1,"priceRules":[{"kind":"early","count":1}]}""", "/priceRules/0/kind", "Must be one of early_bird, last_minute, group, dynamic")]
    [InlineData("events/EVENT/ticket-types", """{"name":7,"price":{"amount":1,"currency":"EUR"},"quantity":1}""", "/name", "Must be a text")]
    [InlineData("events/EVENT/ticket-types", """{"name":"A","price":{"amount":1,"currency":"EUR"},"quantity":1,"transferable":"yes"}""", "/transferable", "Must be true or false")]
    [InlineData("events/EVENT/ticket-types", """{"name":null,"price":{"amount":1,"currency":"EUR"},"quantity":1}""", "/name", "Must not be null.")]
    public async Task A_value_of_the_wrong_kind_is_told_what_is_right(string route, string body, string pointer, string message)
    {
        var sale = await SaleAsync();
        using var client = world.Tickets(Roles.VenueManager);
        using var answer = await client.PostAsync("/api/v1/" + Fill(route, sale), Json(Fill(body, sale)), Cancellation);
        var problem = await answer.ReadAsync(HttpStatusCode.BadRequest);
        Assert.Equal("invalid_json", problem.Text("code"));
        var error = Assert.Single(problem.Items("errors"));
        Assert.Equal(pointer, error.Text("pointer"));
        Assert.StartsWith(message, error.Text("message"), StringComparison.Ordinal);
        Assert.Contains(error.Text("message")[1..], problem.Text("detail"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-3")]
    [InlineData("1000001")]
    public async Task A_quantity_that_no_order_may_have_is_told_the_types_own_bounds(string quantity)
    {
        var sale = await world.PutOnSaleAsync(quantity: 10, new SaleOptions { MaxPerOrder = 4 });
        var body = Fill("""{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":QUANTITY}]}""", sale).Replace("QUANTITY", quantity, StringComparison.Ordinal);
        using var client = world.Tickets(Roles.Customer);
        client.DefaultRequestHeaders.Add("Idempotency-Key", Guid.CreateVersion7().ToString());
        foreach (var (route, sent) in new[] { ("quotes", body), ("reservations", body), ("purchases", body[..^1] + ""","payment":{"method":"test","token":"tok_ok"}}""") })
        {
            using var answer = await client.PostAsync("/api/v1/" + route, Json(sent), Cancellation);
            var error = Assert.Single((await answer.ReadAsync(HttpStatusCode.UnprocessableEntity)).Items("errors"));
            Assert.Equal(("/items/0/quantity", "\"General admission\" is sold in orders of 1 to 4."), (error.Text("pointer"), error.Text("message")));
        }
    }

    [Theory]
    [InlineData("""{"items":[],}""", "line 1, byte 13: The JSON object contains a trailing comma at the end which is not supported in this mode.")]
    [InlineData("""{'items':[]}""", "line 1, byte 2: ''' is an invalid start of a property name. Expected a '\"'.")]
    [InlineData("""{"items":[] "eventId":7}""", "line 1, byte 13: '\"' is invalid after a value. Expected either ',', '}', or ']'.")]
    public async Task Broken_json_is_told_where_and_what_was_expected(string body, string words)
    {
        using var client = world.Tickets(Roles.Customer);
        using var answer = await client.PostAsync("/api/v1/reservations", Json(body), Cancellation);
        var problem = await answer.ReadAsync(HttpStatusCode.BadRequest);
        Assert.Equal("The body is not valid JSON at " + words, problem.Text("detail"));
    }

    [Theory]
    [InlineData("from=2026-11-22T19:30:00", "/from", "The parameter from must be an instant with its offset from UTC")]
    [InlineData("from=2026-11-22", "/from", "The parameter from must be an instant with its offset from UTC")]
    [InlineData("limit=ten", "/limit", "The parameter limit must be a whole number")]
    [InlineData("venueId=here", "/venueId", "The parameter venueId must be a UUID, such as")]
    public async Task A_parameter_of_the_wrong_kind_is_told_what_is_right(string query, string pointer, string words)
    {
        using var client = world.Events();
        using var answer = await client.GetAsync("/api/v1/events?" + query, Cancellation);
        var problem = await answer.ReadAsync(HttpStatusCode.BadRequest);
        Assert.Equal("invalid_parameter", problem.Text("code"));
        Assert.Equal(pointer, Assert.Single(problem.Items("errors")).Text("pointer"));
        Assert.StartsWith(words, problem.Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_parameter_is_told_which_ones_there_are()
    {
        using var client = world.Events();
        using var answer = await client.GetAsync("/api/v1/events?limmit=5", Cancellation);
        var problem = await answer.ReadAsync(HttpStatusCode.BadRequest);
        Assert.Equal("unknown_parameter", problem.Text("code"));
        Assert.StartsWith("The parameter \"limmit\" is not known; this route takes category, cursor, ", problem.Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instants_in_small_letters_and_integers_with_a_point_are_what_they_are()
    {
        var sale = await SaleAsync();
        using var client = world.Tickets(Roles.Customer);
        foreach (var (written, count) in new[] { ("1.0", 1), ("2e0", 2) })
        {
            using var held = await client.PostAsync("/api/v1/reservations", Json(Fill("""{"eventId":"EVENT","items":[{"ticketTypeId":"TYPE","quantity":QUANTITY}]}""", sale).Replace("QUANTITY", written, StringComparison.Ordinal)), Cancellation);
            Assert.Equal(count, (await held.ReadAsync(HttpStatusCode.Created)).Items()[0].Number("quantity"));
        }
        using var manager = world.Tickets(Roles.VenueManager);
        using var made = await manager.PostAsync($"/api/v1/events/{sale.EventId}/ticket-types",
            Json("""{"name":"A","price":{"amount":1e2,"currency":"EUR"},"quantity":1.0,"salesStartAt":"2026-01-01t10:00:00z"}"""), Cancellation);
        var type = await made.ReadAsync(HttpStatusCode.Created);
        Assert.Equal((100, "2026-01-01T10:00:00Z"), (type.GetProperty("price").Number("amount"), type.Text("salesStartAt")));
        using var events = world.Events();
        await events.GetJsonAsync("/api/v1/events?from=2026-01-01t00:00:00z&limit=1");
    }

    [Fact]
    public async Task A_text_is_as_long_as_it_has_characters_and_the_database_agrees()
    {
        static string Party(int count) => string.Concat(Enumerable.Repeat("🎉", count));
        var sale = await SaleAsync();
        using var manager = world.Tickets(Roles.VenueManager);
        foreach (var (count, status) in new[] { (100, HttpStatusCode.Created), (101, HttpStatusCode.UnprocessableEntity) })
        {
            using var made = await manager.PostAsync($"/api/v1/events/{sale.EventId}/ticket-types", new { name = Party(count), price = new { amount = 100, currency = "EUR" }, quantity = 1 });
            await made.ReadAsync(status);
        }
        using var events = world.Events(Roles.VenueManager);
        var starts = TimeProvider.System.GetUtcNow().AddDays(20);
        var longest = await events.MakeAsync("/api/v1/events", new
        {
            name = Party(200), description = Party(4_000), tags = new[] { Party(50) }, venueId = await world.VenueAsync(), startsAt = starts, endsAt = starts.AddHours(2), timeZone = "Europe/Amsterdam",
        });
        Assert.Equal(400, longest.Text("name").Length);
        await events.MakeAsync($"/api/v1/events/{longest.Id()}/sections", new { name = Party(100), capacity = 5 });
    }

    [Fact]
    public async Task A_body_of_a_megabyte_is_too_large_and_the_connection_survives_it()
    {
        using var client = world.Tickets(Roles.Customer);
        using var answer = await client.PostAsync("/api/v1/reservations", Json(new string(' ', 1024 * 1024)), Cancellation);
        Assert.Equal("body_too_large", await answer.RefusedAsync(HttpStatusCode.RequestEntityTooLarge));
        using var chunked = new HttpRequestMessage(HttpMethod.Post, "/api/v1/reservations") { Content = Json("{" + new string(' ', 1024 * 1024)) };
        chunked.Headers.TransferEncodingChunked = true;
        Assert.Equal("body_too_large", await (await client.SendAsync(chunked, Cancellation)).RefusedAsync(HttpStatusCode.RequestEntityTooLarge));
    }

    [Theory]
    [InlineData("GET", "/api/v1/orders/not-a-uuid", 404, "not_found")]
    [InlineData("GET", "/api/v1/orders/01a20187-1bc2-7949-8433-e4c76daa8841", 404, "not_found")]
    [InlineData("GET", "/api/v1/tickets?limit=0", 422, "validation_failed")]
    [InlineData("GET", "/api/v1/tickets?limit=101", 422, "validation_failed")]
    [InlineData("GET", "/api/v1/tickets?limit=many", 400, "invalid_parameter")]
    [InlineData("GET", "/api/v1/tickets?cursor=%00%01", 422, "validation_failed")]
    [InlineData("GET", "/api/v1/tickets?cursor=bm90LWEtY3Vyc29y", 422, "validation_failed")]
    [InlineData("GET", "/api/v1/nothing", 404, "route_not_found")]
    [InlineData("PUT", "/api/v1/orders", 405, "method_not_allowed")]
    [InlineData("DELETE", "/api/v1/reservations/01a20187-1bc2-7949-8433-e4c76daa8841", 404, "not_found")]
    public async Task A_bad_address_is_refused_with_its_reason(string method, string path, int status, string code)
    {
        using var client = world.Tickets(Roles.Customer);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        Assert.Equal(code, await (await client.SendAsync(request, Cancellation)).RefusedAsync((HttpStatusCode)status));
    }

    [Fact]
    public async Task A_body_that_is_not_said_to_be_json_is_not_read()
    {
        using var client = world.Tickets(Roles.Customer);
        using var answer = await client.PostAsync("/api/v1/reservations", new StringContent("{}", Encoding.UTF8, "text/plain"), Cancellation);
        Assert.Equal("unsupported_media_type", await answer.RefusedAsync(HttpStatusCode.UnsupportedMediaType));
    }

    [Fact]
    public async Task Who_may_not_is_told_before_the_body_is_looked_at()
    {
        using var nobody = world.Tickets();
        using var ops = world.Tickets(Roles.Ops);
        using var customer = world.Tickets(Roles.Customer);
        Assert.Equal("token_missing", await (await nobody.PostAsync("/api/v1/reservations", Json("{"), Cancellation)).RefusedAsync(HttpStatusCode.Unauthorized));
        Assert.Equal("role_required", await (await ops.PostAsync("/api/v1/reservations", Json("{"), Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal("role_required", await (await customer.PostAsync("/api/v1/scans", Json("{"), Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
        Assert.Equal("role_required", await (await customer.GetAsync("/api/v1/admin/inventory/verify", Cancellation)).RefusedAsync(HttpStatusCode.Forbidden));
    }

    private Task<Sale> SaleAsync() => world.PutOnSaleAsync(quantity: 10);

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static string Fill(string body, Sale sale) => body.Replace("EVENT", sale.EventId.ToString(), StringComparison.Ordinal)
        .Replace("TYPE", sale.TicketTypeId.ToString(), StringComparison.Ordinal).Replace("OTHER", Guid.CreateVersion7().ToString(), StringComparison.Ordinal);
}
