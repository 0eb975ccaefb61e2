using System.Diagnostics;
using System.Net;
using AdmitOne.Platform.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AdmitOne.Bench;

/// <summary>The yardstick of reads: Kestrel with nothing behind it, in a process of its own, that answers every request with the same bytes from memory.</summary>
internal sealed class BareEndpoint : IDisposable
{
    /// <summary>The word that makes this program be one: `AdmitOne.Bench bare FILE`.</summary>
    public const string Word = "bare";

    private readonly Process _process;
    private readonly string _file;

    private BareEndpoint(Process process, string file, Uri url) => (_process, _file, Url) = (process, file, url);

    public Uri Url { get; }

    public static async Task<BareEndpoint> StartAsync(byte[] body)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, body);
        var start = new ProcessStartInfo(Environment.ProcessPath!, [Word, file]) { RedirectStandardOutput = true, RedirectStandardInput = true };
        Generator.Undo(start);
        var process = Process.Start(start)!;
        var address = await process.StandardOutput.ReadLineAsync() ?? throw new BenchException("the bare endpoint did not start");
        return new BareEndpoint(process, file, new Uri(address));
    }

    public void Dispose()
    {
        _process.StandardInput.Close();   // it ends with its input
        _process.WaitForExit();
        _process.Dispose();
        File.Delete(_file);
    }

    /// <summary>Runs as one until its standard input ends.</summary>
    public static async Task<int> RunAsync(string file)
    {
        CpuScheduling.UseBatch();   // as the services, so that both are asked and answer alike
        var body = await File.ReadAllBytesAsync(file);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        await using var app = builder.Build();
        app.Run(context =>
        {
            context.Response.ContentType = "application/json; charset=utf-8";
            context.Response.Headers.ContentLength = body.Length;
            return context.Response.Body.WriteAsync(body).AsTask();
        });
        await app.StartAsync();
        await Console.Out.WriteLineAsync(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
        return 0;
    }
}

/// <summary>How the load generator itself runs.</summary>
internal static class Generator
{
    /// <summary>Set by ./bench/run for this process: answers are read where they arrive, without a thread to hand them over to.</summary>
    private const string Inline = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>What is measured must not run by the generator's settings.</summary>
    public static void Undo(ProcessStartInfo start) => start.Environment.Remove(Inline);
}
