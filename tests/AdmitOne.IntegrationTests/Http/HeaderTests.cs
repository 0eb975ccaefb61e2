using System.Net;
using System.Net.Sockets;
using System.Text;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Http;

/// <summary>What HTTP itself says and refuses, whatever the route.</summary>
public sealed class HeaderTests(HeaderTests.Shop world) : IClassFixture<HeaderTests.Shop>
{
    public sealed class Shop(Stack stack) : World(stack, [("CORS_ORIGINS", "https://shop.example"), ("TRUSTED_PROXIES", "127.0.0.1")]);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_answer_tells_browsers_to_keep_it_out_of_pages_and_frames()
    {
        using var client = world.Tickets();
        foreach (var path in new[] { "/api/v1/orders", "/health", "/nothing", "/docs/index.html" })
        {
            using var answer = await client.GetAsync(path, Stop);
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
            Assert.Equal("DENY", Assert.Single(answer.Headers.GetValues("X-Frame-Options")));
            Assert.Equal("no-referrer", Assert.Single(answer.Headers.GetValues("Referrer-Policy")));
            Assert.Contains("frame-ancestors 'none'", Assert.Single(answer.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
            Assert.False(answer.Headers.Contains("Strict-Transport-Security"));
            Assert.False(answer.Headers.Contains("Server"));
        }
        using var overTls = new HttpRequestMessage(HttpMethod.Get, "/health") { Headers = { { "X-Forwarded-Proto", "https" }, { "X-Forwarded-For", "192.0.2.7" } } };
        using var secure = await client.SendAsync(overTls, Stop);
        Assert.Contains("max-age=", Assert.Single(secure.Headers.GetValues("Strict-Transport-Security")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_of_another_origin_may_call_only_if_it_was_named()
    {
        using var client = world.Events();
        Assert.Equal("https://shop.example", await AllowedAsync(client, "https://shop.example"));
        Assert.Null(await AllowedAsync(client, "https://evil.example"));
        Assert.Null(await AllowedAsync(client, "https://shop.example.evil.example"));
        await using var closed = await world.AnotherAsync();
        using var other = closed.Events();
        Assert.Null(await AllowedAsync(other, "https://shop.example"));
    }

    [Fact]
    public async Task What_is_too_large_is_refused_before_it_is_read()
    {
        using var client = world.Tickets();
        using var line = await client.GetAsync("/api/v1/events?q=" + new string('a', 9000), Stop);
        Assert.Equal(HttpStatusCode.RequestUriTooLong, line.StatusCode);
        using var many = new HttpRequestMessage(HttpMethod.Get, "/health");
        for (var i = 0; i < 100; i++) many.Headers.Add($"X-Many-{i}", "1");
        using var headers = await client.SendAsync(many, Stop);
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, headers.StatusCode);
        using var chunked = new HttpRequestMessage(HttpMethod.Post, "/api/v1/webhook-endpoints") { Content = new StringContent("{\"url\":\"" + new string('a', 70_000) + "\"}", Encoding.UTF8, "application/json") };
        chunked.Headers.TransferEncodingChunked = true;
        chunked.Headers.Authorization = new("Bearer", world.Token("venue_manager"));
        using var body = await client.SendAsync(chunked, Stop);
        Assert.Equal("body_too_large", await body.RefusedAsync(HttpStatusCode.RequestEntityTooLarge));
    }

    [Fact]
    public async Task Who_drips_its_headers_in_is_shown_out()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(world.TicketsUrl.Host, world.TicketsUrl.Port, Stop);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes("GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: "), Stop);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        var answer = new byte[1000];
        var read = await stream.ReadAsync(answer, limit.Token);
        Assert.True(read == 0 || Encoding.ASCII.GetString(answer, 0, read).Contains(" 408 ", StringComparison.Ordinal));
    }

    private static async Task<string?> AllowedAsync(HttpClient client, string origin)
    {
        using var question = new HttpRequestMessage(HttpMethod.Options, "/api/v1/events") { Headers = { { "Origin", origin }, { "Access-Control-Request-Method", "GET" } } };
        using var answer = await client.SendAsync(question, Stop);
        using var call = new HttpRequestMessage(HttpMethod.Get, "/api/v1/events") { Headers = { { "Origin", origin } } };
        using var called = await client.SendAsync(call, Stop);
        Assert.Equal(answer.Headers.Contains("Access-Control-Allow-Origin"), called.Headers.Contains("Access-Control-Allow-Origin"));
        return answer.Headers.TryGetValues("Access-Control-Allow-Origin", out var allowed) ? Assert.Single(allowed) : null;
    }
}
