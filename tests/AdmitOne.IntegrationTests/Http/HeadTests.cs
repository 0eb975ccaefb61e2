using System.Net;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Http;

public sealed class HeadTests(World world) : IClassFixture<World>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, InlineData("Events"), InlineData("Tickets")]
    public async Task Head_answers_what_get_would_without_a_body(string service)
    {
        var sale = await world.PutOnSaleAsync(quantity: 1);
        using var client = service == "Events" ? world.Events(Roles.Admin) : world.Tickets(Roles.Admin);
        var document = await ApiDocument.ReadAsync(service == "Events" ? world.Events() : world.Tickets());
        foreach (var operation in document.Operations.Where(o => o.Method == "GET" && !o.Path.StartsWith("/internal/", StringComparison.Ordinal)))
        {
            var path = operation.Path.Replace("{eventId}", sale.EventId.ToString(), StringComparison.Ordinal).Replace("{idOrSlug}", sale.EventId.ToString(), StringComparison.Ordinal)
                .Replace("{venueId}", (await world.VenueAsync()).ToString(), StringComparison.Ordinal).Replace("{id}", Guid.CreateVersion7().ToString(), StringComparison.Ordinal);
            using var get = await client.GetAsync(path, Cancellation);
            using var head = await SendAsync(client, HttpMethod.Head, path);
            Assert.True(head.StatusCode == get.StatusCode, $"HEAD {path}: {head.StatusCode}, GET: {get.StatusCode}");
            Assert.Equal(get.Content.Headers.ContentType?.MediaType, head.Content.Headers.ContentType?.MediaType);
            Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancellation));
        }
    }

    [Theory]
    [InlineData("HEAD", "/api/v1/orders", HttpStatusCode.Unauthorized)]
    [InlineData("HEAD", "/api/v1/purchases", HttpStatusCode.MethodNotAllowed)]
    [InlineData("HEAD", "/api/v1/nothing", HttpStatusCode.NotFound)]
    [InlineData("HEAD", "/openapi/v1.json", HttpStatusCode.OK)]
    [InlineData("HEAD", "/api/v1/orders?limit=many", HttpStatusCode.Unauthorized)]
    [InlineData("OPTIONS", "/api/v1/orders", HttpStatusCode.MethodNotAllowed)]
    [InlineData("OPTIONS", "/health", HttpStatusCode.MethodNotAllowed)]
    [InlineData("OPTIONS", "/api/v1/nothing", HttpStatusCode.NotFound)]
    [InlineData("OPTIONS", "*", HttpStatusCode.NotFound)]
    [InlineData("TRACE", "/api/v1/orders", HttpStatusCode.MethodNotAllowed)]
    [InlineData("BREW", "/api/v1/orders", HttpStatusCode.MethodNotAllowed)]
    public async Task Unusual_methods_are_refused_or_served_and_never_a_fault(string method, string path, HttpStatusCode expected)
    {
        using var client = world.Tickets();
        using var answer = await SendAsync(client, new HttpMethod(method), path == "*" ? "/*" : path);
        Assert.Equal(expected, answer.StatusCode);
        if (expected == HttpStatusCode.MethodNotAllowed) Assert.NotEmpty(answer.Content.Headers.Allow);
        if (method == "HEAD") Assert.Empty(await answer.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Fact]
    public async Task A_token_that_is_not_accepted_counts_as_none_where_none_is_needed()
    {
        var sale = await world.PutOnSaleAsync(quantity: 1);
        using var client = world.Tickets();
        client.DefaultRequestHeaders.Authorization = new("Bearer", "not.a.token");
        Assert.Single((await client.GetJsonAsync($"/api/v1/events/{sale.EventId}/availability")).Items());
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string path) => client.SendAsync(new HttpRequestMessage(method, path), Cancellation);
}
