using System.Net;
using System.Text.RegularExpressions;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Identity;

/// <summary>A browser without script: it keeps cookies, follows no redirect, and says where a form comes from.</summary>
internal sealed partial class Browser : IDisposable
{
    private readonly HttpClient _client;

    public Browser(Uri address)
    {
        _client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = Cookies }) { BaseAddress = address };
    }

    public CookieContainer Cookies { get; } = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async Task<string> GetAsync(string path, HttpStatusCode status = HttpStatusCode.OK)
    {
        using var response = await _client.GetAsync(path, Stop);
        Assert.Equal(status, response.StatusCode);
        return await response.Content.ReadAsStringAsync(Stop);
    }

    public Task<HttpResponseMessage> SendAsync(HttpMethod method, string path) => _client.SendAsync(new HttpRequestMessage(method, path), Stop);

    /// <summary>Posts a form of our own page, or of another site's.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, object form, string site = "same-origin")
    {
        var fields = form.GetType().GetProperties().ToDictionary(p => p.Name, p => $"{p.GetValue(form)}");
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(fields) };
        if (site.Length > 0) request.Headers.Add("Sec-Fetch-Site", site);
        return _client.SendAsync(request, Stop);
    }

    /// <summary>The newest mail to an address.</summary>
    public async Task<(string Code, string Link, string Text)> MailAsync(string address)
    {
        using var response = await _client.GetAsync($"/dev/mail?to={Uri.EscapeDataString(address)}", Stop);
        var text = (await response.ReadAsync()).Items()[0].Text("text");
        return (text.Split(' ')[0], new Uri(Link().Match(text).Value).AbsolutePath, text);
    }

    public static string Hidden(string page, string name) => Regex.Match(page, $"name=\"{name}\" value=\"([^\"]*)\"").Groups[1].Value;

    public void Dispose() => _client.Dispose();

    [GeneratedRegex(@"https?://\S+")]
    private static partial Regex Link();
}
