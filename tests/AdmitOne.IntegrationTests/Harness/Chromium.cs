using Microsoft.Playwright;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>Debian's Chromium, driven by Playwright. Where it is missing its tests are skipped, except in CI. <c>PAGE_PICTURES</c> names a folder for pictures of the pages.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] s_places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (s_places.FirstOrDefault(File.Exists) is not { } program) return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = program, Headless = true, Timeout = 120_000,
            Args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
    }

    /// <summary>A page of a browser of its own, as wide as a phone. Browsers know passkeys on https and on localhost only.</summary>
    public async Task<IPage> OpenAsync(Uri address)
    {
        if (_browser is null)
        {
            const string Missing = "chromium is missing: apt-get install chromium";
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", Missing);
            Assert.Skip(Missing);
        }
        var context = await _browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = $"http://localhost:{address.Port}", ViewportSize = new ViewportSize { Width = 360, Height = 740 },
        });
        context.SetDefaultTimeout(60_000);
        return await context.NewPageAsync();
    }

    /// <summary>Gives a page an authenticator that has resident keys, verifies its user, and agrees to everything.</summary>
    /// <returns>Its id.</returns>
    public static async Task<string> AddAuthenticatorAsync(IPage page)
    {
        var devtools = await page.Context.NewCDPSessionAsync(page);
        await devtools.SendAsync("WebAuthn.enable");
        var added = await devtools.SendAsync("WebAuthn.addVirtualAuthenticator", new Dictionary<string, object>
        {
            ["options"] = new Dictionary<string, object>
            {
                ["protocol"] = "ctap2", ["transport"] = "internal", ["hasResidentKey"] = true, ["hasUserVerification"] = true, ["isUserVerified"] = true,
                ["automaticPresenceSimulation"] = true,
            },
        });
        return added!.Value.GetProperty("authenticatorId").GetString()!;
    }

    /// <summary>Presses a button and waits for the page that it leads to.</summary>
    /// <param name="path">With the query.</param>
    public static async Task GoAsync(IPage page, string button, string path)
    {
        ArgumentNullException.ThrowIfNull(page);
        // The response is there before its document is: the old one, which may be of the same address, is left only when its mark is gone.
        await page.EvaluateAsync("() => document.documentElement.setAttribute('data-old', '')");
        await page.RunAndWaitForResponseAsync(() => page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).First.ClickAsync(),
            response => response.Request.IsNavigationRequest && response.Status is 200 or 422 && new Uri(response.Url).PathAndQuery == path);
        await Assertions.Expect(page.Locator("html[data-old]")).ToHaveCountAsync(0, new() { Timeout = 60_000 });
        await page.WaitForLoadStateAsync();
    }

    /// <summary>Takes a picture of a page, if <c>PAGE_PICTURES</c> is set.</summary>
    public static async Task PictureAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("PAGE_PICTURES") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, name + ".png"), FullPage = true });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
    }
}
