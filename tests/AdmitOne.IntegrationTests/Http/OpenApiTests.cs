using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Validation;

namespace AdmitOne.IntegrationTests.Http;

/// <summary>The API document tells the truth about the service that gives it out.</summary>
public sealed class OpenApiTests(OpenApiTests.Counting world) : IClassFixture<OpenApiTests.Counting>
{
    /// <summary>Calls are counted, as the document says, and nobody has too many.</summary>
    public sealed class Counting(Stack stack) : World(stack,
    [
        ("ENABLE_RATE_LIMITING", "true"), .. new[] { "GLOBAL", "READ", "WRITE", "PURCHASE", "TRANSFER", "ADMIN", "WEBHOOK", "QR_SCAN" }.Select(tier => ($"RATE_LIMIT_{tier}_MAX", "100000")),
    ]);

    // The document does not describe the route that it is read from.
    private const string Itself = "/openapi/{documentName}.json";

    [Theory, InlineData("Events"), InlineData("Tickets")]
    public async Task It_is_of_the_version_and_describes_exactly_the_routes_that_exist(string service)
    {
        var document = await ReadAsync(service);
        Assert.StartsWith("3.1", document.Root.Text("openapi"), StringComparison.Ordinal);
        Assert.Equal(Routes(service).Select(r => r.Name).Order(), document.Operations.Select(o => o.ToString()).Order());
    }

    [Theory, InlineData("Events"), InlineData("Tickets")]
    public async Task Every_operation_has_a_name_a_summary_a_tag_and_all_its_answers(string service)
    {
        var operations = (await ReadAsync(service)).Operations.ToList();
        Assert.Equal(operations.Count, operations.Select(o => o.Json.Text("operationId")).Distinct().Count());
        Assert.All(operations, operation =>
        {
            Assert.NotEmpty(operation.Json.Text("summary"));
            Assert.NotEmpty(operation.Json.Items("tags"));
            var responses = operation.Json.GetProperty("responses").EnumerateObject().ToList();
            Assert.All(responses, response => Assert.NotEmpty(response.Value.Text("description")));
            Assert.Contains(responses, response => response.Name[0] == '2');
            Assert.Contains(responses, response => response.Name == "500");
            Assert.All(responses.Where(response => response.Name[0] == '2' && response.Name != "204"), response => Assert.NotEmpty(response.Value.GetProperty("content").EnumerateObject()));
            if (operation.TakesSomething) Assert.Contains(responses, response => response.Name[0] == '4');
            if (operation.NeedsToken) Assert.Contains(responses, response => response.Name == "401");
        });
    }

    [Theory, InlineData("Events"), InlineData("Tickets")]
    public async Task Every_operation_says_how_its_caller_is_known(string service)
    {
        var document = await ReadAsync(service);
        var schemes = document.Root.GetProperty("components").GetProperty("securitySchemes").EnumerateObject().Select(s => s.Name).ToList();
        Assert.Contains("bearer", schemes);
        Assert.All(document.Operations, operation =>
        {
            var named = operation.Json.GetProperty("security").EnumerateArray().SelectMany(way => way.EnumerateObject().Select(s => s.Name)).ToList();
            Assert.Empty(named.Except(schemes));
            // Neighbours also read what admins read of the changes.
            Assert.Equal(operation.Path.StartsWith("/internal/", StringComparison.Ordinal) || operation.Path == "/api/v1/changes", named.Contains("serviceSignature"));
        });
    }

    [Theory, InlineData("Events"), InlineData("Tickets")]
    public async Task Every_json_body_has_an_example(string service)
    {
        var bodies = (await ReadAsync(service)).Operations.SelectMany(ApiDocument.Bodies).Where(body => body.IsJson).ToList();
        Assert.NotEmpty(bodies);
        Assert.Empty(bodies.Where(body => !body.Examples.Any()).Select(body => $"{body.Place} {body.MediaType}"));
        Assert.All(bodies, body => Assert.True(body.Json.TryGetProperty("schema", out _), body.Place));
    }

    [Theory, InlineData("Events"), InlineData("Tickets")]
    public async Task Every_example_of_a_request_is_one_that_the_service_takes(string service)
    {
        var document = await ReadAsync(service);
        var types = Routes(service).ToDictionary(r => r.Name, r => r.Route.Metadata.GetOrderedMetadata<IAcceptsMetadata>().Select(a => a.RequestType).OfType<Type>().LastOrDefault(t => t != typeof(JsonObject)));
        var examples = from operation in document.Operations
                       from body in ApiDocument.Bodies(operation)
                       where body.IsRequest
                       from example in body.Examples
                       select (operation, type: types[operation.ToString()]!, example);
        var whole = examples.Where(e => e.operation.Method == "POST").ToLookup(e => e.type, e => e.example);
        Assert.NotEmpty(whole);
        Assert.All(examples, e =>
        {
            // A patch is judged by what it makes of a whole one.
            var json = JsonObject.Create(e.operation.Method == "PATCH" && whole[e.type].FirstOrDefault() is { ValueKind: JsonValueKind.Object } before ? before : e.example)!;
            if (e.operation.Method == "PATCH") foreach (var change in e.example.EnumerateObject()) json[change.Name] = JsonNode.Parse(change.Value.GetRawText());
            AssertTaken(Services(service), e.type, json);
        });
    }

    [Fact]
    public async Task A_code_is_described_as_json_and_as_pictures()
    {
        var qr = (await ReadAsync("Tickets")).Operations.Single(o => o.Json.Text("operationId") == "ShowTicketCode");
        Assert.Equal(["application/json", "image/png", "image/svg+xml"], qr.Json.GetProperty("responses").GetProperty("200").GetProperty("content").EnumerateObject().Select(c => c.Name).Order());
    }

    [Fact]
    public async Task Headers_that_it_promises_are_sent()
    {
        var (events, tickets) = (await ReadAsync("Events"), await ReadAsync("Tickets"));
        var sale = await world.PutOnSaleAsync(quantity: 10);
        using var manager = world.Events(Roles.VenueManager);
        using var buyer = world.Tickets(Roles.Customer);

        var type = tickets.Operations.Single(o => o.Json.Text("operationId") == "FindTicketType");
        using var found = await buyer.GetAsync($"/api/v1/ticket-types/{sale.TicketTypeId}", TestContext.Current.CancellationToken);
        AssertSent(type, found);
        using var again = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/ticket-types/{sale.TicketTypeId}") { Headers = { IfNoneMatch = { found.Headers.ETag! } } };
        using var known = await buyer.SendAsync(again, TestContext.Current.CancellationToken);
        Assert.Equal(304, (int)known.StatusCode);
        AssertSent(type, known);

        using var section = await manager.PostAsync($"/api/v1/events/{sale.EventId}/sections", new { name = "Balcony", capacity = 20 });
        AssertSent(events.Operations.Single(o => o.Json.Text("operationId") == "AddSection"), section);

        var hold = tickets.Operations.Single(o => o.Json.Text("operationId") == "HoldTickets");
        using var held = await world.HoldAsync(sale);
        AssertSent(hold, held);
        using var nobody = world.Tickets();
        using var refused = await nobody.PostAsync("/api/v1/reservations", new { });
        AssertSent(hold, refused);

        var buy = tickets.Operations.Single(o => o.Json.Text("operationId") == "BuyTickets");
        var person = Guid.CreateVersion7();
        using var bought = await world.BuyAsync(sale, buyer: person, key: "document-headers");
        AssertSent(buy, bought);
        using var repeated = await world.BuyAsync(sale, buyer: person, key: "document-headers");
        AssertSent(buy, repeated, except: null);
    }

    private static void AssertSent(ApiDocument.Operation operation, HttpResponseMessage answer, string? except = "Idempotency-Replayed")
    {
        var promised = operation.Json.GetProperty("responses").GetProperty(((int)answer.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture))
            .GetProperty("headers").EnumerateObject().Select(h => h.Name).Where(name => name != except).ToList();
        Assert.NotEmpty(promised);
        Assert.Empty(promised.Where(name => !answer.Headers.Contains(name)).Select(name => $"{operation} {(int)answer.StatusCode}: {name}"));
    }

    private static void AssertTaken(IServiceProvider services, Type type, JsonObject json)
    {
        var value = json.Deserialize(type, services.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions)!;
        var validation = services.GetRequiredService<IOptions<ValidationOptions>>().Value;
#pragma warning disable ASP0029 // The framework's own validation, run on a value that was not bound; its types are still marked as experimental.
        Assert.True(validation.TryGetValidatableTypeInfo(type, out var rules));
        var context = new ValidateContext { ValidationOptions = validation, ValidationContext = new ValidationContext(value, services, items: null) };
        rules.ValidateAsync(value, context, CancellationToken.None).GetAwaiter().GetResult();
        Assert.True(context.ValidationErrors is null or { Count: 0 }, $"{type.Name}: {string.Join(", ", context.ValidationErrors?.Keys.ToArray() ?? [])}");
#pragma warning restore ASP0029
    }

    private Task<ApiDocument> ReadAsync(string service) => ApiDocument.ReadAsync(service == "Events" ? world.Events() : world.Tickets());

    private IServiceProvider Services(string service) => service == "Events" ? world.EventsServices : world.TicketsServices;

    private IEnumerable<(string Name, RouteEndpoint Route)> Routes(string service) =>
        from route in Services(service).GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        let path = "/" + route.RoutePattern.RawText!.Trim('/')
        where path != Itself
        from method in route.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods
        select ($"{method} {path}", route);
}
