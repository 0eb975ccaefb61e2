using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using AdmitOne.Tickets.Codes;

namespace AdmitOne.IntegrationTests.Door;

/// <summary>Codes that change each half minute, made by a phone without signal.</summary>
public sealed class RotatingCodeTests(World world) : IClassFixture<World>
{
    private static readonly SaleOptions s_rotating = new() { Event = new Dictionary<string, object?> { ["codePolicy"] = "rotating", ["reEntry"] = true } };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_phone_makes_codes_that_admit_one_step_early_and_late_and_a_captured_one_dies()
    {
        var (sale, phone) = await BuyAsync();
        await SaysAsync("expired_code", sale, phone.At(-2));
        await SaysAsync("expired_code", sale, phone.At(+2));
        await SaysAsync("malformed", sale, phone.At(0, secret: new byte[32]));
        await SaysAsync("ok", sale, phone.At(-1));
        await SaysAsync("already_admitted", sale, phone.At(-1));
        await SaysAsync("ok", sale, phone.At(0), "out");
        await SaysAsync("expired_code", sale, phone.At(-1));        // it has let in once
        await SaysAsync("ok", sale, phone.At(0));
        await SaysAsync("ok", sale, phone.At(0), "out");
        await SaysAsync("expired_code", sale, phone.At(0));
        await SaysAsync("ok", sale, phone.At(+1));
        await world.AssertBooksAreRightAsync(sale.EventId);
    }

    [Fact]
    public async Task What_the_service_shows_is_what_the_phone_makes_at_every_replica_and_says_until_when()
    {
        var (sale, phone) = await BuyAsync();
        var replica = await world.StartReplicaAsync();
        using var there = world.Client(replica.Url, Roles.Customer, phone.Owner);
        var shown = await there.GetJsonAsync($"/api/v1/tickets/{phone.Ticket}/qr");
        Assert.Equal("rotating", shown.Text("kind"));
        Assert.Equal(30, shown.GetProperty("rotation").Number("periodSeconds"));
        Assert.Equal(phone.Secret, Convert.FromBase64String(shown.GetProperty("rotation").Text("secret")));
        var step = shown.Instant("refreshAt").ToUnixTimeSeconds() / 30 - 1;
        Assert.Equal((0, 30), (shown.Instant("refreshAt").ToUnixTimeSeconds() % 30, (shown.Instant("validUntil") - shown.Instant("refreshAt")).TotalSeconds));
        Assert.Equal(phone.Make((uint)step), shown.Text("code"));
        Assert.Equal(95, shown.Text("code").Length);
    }

    [Fact]
    public async Task A_print_of_before_dies_when_the_events_codes_begin_to_rotate()
    {
        var sale = await world.PutOnSaleAsync(5);
        var code = (await world.BuyCodesAsync(sale))[0].Code;
        await world.Sql("update events.events set code_policy = 'rotating' where id = @EventId", new { sale.EventId });
        await SaysAsync("expired_code", sale, code);
    }

    [Theory, InlineData("static"), InlineData("rotating")]
    public async Task A_camera_reads_the_pictures(string policy)
    {
        if (!await HasAsync("zbarimg") || !await HasAsync("rsvg-convert"))
        {
            const string Missing = "zbarimg or rsvg-convert is missing: apt-get install zbar-tools librsvg2-bin";
            Assert.False(Environment.GetEnvironmentVariable("CI") == "true", Missing);
            Assert.Skip(Missing);
        }
        var sale = await world.PutOnSaleAsync(5, new SaleOptions { Event = new Dictionary<string, object?> { ["codePolicy"] = policy } });
        var owner = Guid.CreateVersion7();
        var ticket = (await (await world.BuyAsync(sale, 1, owner)).ReadAsync(System.Net.HttpStatusCode.Created)).Items("tickets")[0].Id();
        using var client = world.Tickets(Roles.Customer, owner);
        foreach (var format in new[] { "png", "svg" })
        {
            var file = Path.Combine(Path.GetTempPath(), $"{ticket:n}.{format}");
            try
            {
                await File.WriteAllBytesAsync(file, await client.GetByteArrayAsync($"/api/v1/tickets/{ticket}/qr?format={format}", Cancellation), Cancellation);
                var read = (await RunAsync("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", file)).TrimEnd('\n');
                Assert.Equal(policy == "static" ? 170 : 95, read.Length);
                if (policy == "static") Assert.Equal((await client.GetJsonAsync($"/api/v1/tickets/{ticket}/qr")).Text("code"), read);
                else Assert.Equal("not_inside", (await (await world.ScanAsync(sale.EventId, read, direction: "out")).ReadAsync()).Text("reason"));
            }
            finally
            {
                File.Delete(file);
            }
        }
    }

    private async Task<(Sale Sale, Phone Phone)> BuyAsync()
    {
        var sale = await world.PutOnSaleAsync(5, s_rotating);
        var owner = Guid.CreateVersion7();
        var ticket = (await (await world.BuyAsync(sale, 1, owner)).ReadAsync(System.Net.HttpStatusCode.Created)).Items("tickets")[0].Id();
        using var client = world.Tickets(Roles.Customer, owner);
        var shown = await client.GetJsonAsync($"/api/v1/tickets/{ticket}/qr");
        var bytes = new byte[63];
        Assert.True(Base45.TryDecode(shown.Text("code"), bytes, out _));
        // The service's clock goes on: a test that begins at the end of a half minute would end in the next.
        var passed = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() % RotatingCode.PeriodSeconds;
        if (passed > 15) await Task.Delay(TimeSpan.FromSeconds(RotatingCode.PeriodSeconds - passed), Cancellation);
        return (sale, new Phone(owner, ticket, bytes[..49], Convert.FromBase64String(shown.GetProperty("rotation").Text("secret"))));
    }

    private async Task SaysAsync(string reason, Sale sale, string code, string direction = "in") =>
        Assert.Equal(reason, (await (await world.ScanAsync(sale.EventId, code, direction: direction)).ReadAsync()).Text("reason"));

    private static async Task<bool> HasAsync(string program)
    {
        try
        {
            await RunAsync(program, "--version");
            return true;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return await said;
    }

    /// <summary>What a holder's phone does, from the page of the format alone.</summary>
    private sealed record Phone(Guid Owner, Guid Ticket, byte[] Carrier, byte[] Secret)
    {
        // Taken once: a test speaks of the same steps to its end.
        private readonly long _now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / RotatingCode.PeriodSeconds;

        public string At(int steps, byte[]? secret = null) => Make((uint)(_now + steps), secret);

        public string Make(uint step, byte[]? secret = null)
        {
            var bytes = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, step);
            return Base45.Encode([.. Carrier, .. bytes, .. HMACSHA256.HashData(secret ?? Secret, bytes)[..10]]);
        }
    }
}
