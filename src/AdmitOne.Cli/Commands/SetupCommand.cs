using System.CommandLine;
using System.Text.Json;
using AdmitOne.Cli.Local;
using AdmitOne.Cli.Setup;
using AdmitOne.Platform.Configuration;

namespace AdmitOne.Cli.Commands;

/// <summary>
/// <c>admitone setup</c>: an organiser, its first manager and a venue, so that tickets can be sold. It asks Identity with a signed call, so it runs wherever
/// INTERNAL_API_KEY is: beside <c>./run</c>, on a machine with systemd, in a Job of the cluster.
/// </summary>
internal static class SetupCommand
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    public static Command Create()
    {
        var options = new SetupOptions();
        var command = new Command("setup", "Make an organiser, its first manager and a venue. Without options it asks for what it needs. Run again with the same slug it changes nothing.");
        options.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var console = parsed.InvocationConfiguration;
            try
            {
                var target = Find(parsed.GetValue(options.Identity), parsed.GetValue(options.Venues), parsed.GetValue(options.Data));
                var asJson = parsed.GetValue(options.Json);
                var request = options.Read(parsed, asJson ? null : new SetupQuestions(Console.In, console.Error));
                using var client = new SetupClient(target);
                var done = await client.SetUpAsync(request, cancellationToken);
                if (target.Folder is not null && done.VenueId is { } venue) SetupFile.Write(target.Folder, new SetupFile(done.TenantId, venue));
                if (!done.IsNew) await console.Error.WriteLineAsync($"admitone: {done.Slug} exists: nothing was changed");
                await console.Output.WriteLineAsync(asJson ? JsonSerializer.Serialize(new { done.TenantId, done.Slug, done.VenueId, done.ManagerLink }, s_json) : Words(done, target));
                return 0;
            }
            catch (Exception fault) when (fault is CannotRunException or HttpRequestException or JsonException || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                await console.Error.WriteLineAsync("admitone: " + fault.Message);
                return 1;
            }
        });
        return command;
    }

    private static SetupTarget Find(Uri? identity, Uri? venues, DirectoryInfo? data)
    {
        var given = GivenVariables.OfProcess();
        var folder = DataOption.Folder(given, data, preferVariables: given["INTERNAL_API_KEY"] is not null);
        var run = folder is null ? null : RunFile.Read(folder);
        var key = (folder is null ? given["INTERNAL_API_KEY"] : LocalSecrets.Read(folder, "INTERNAL_API_KEY"))
            ?? throw new CannotRunException("set INTERNAL_API_KEY to what the services have, or say --data FOLDER for that of ./run");
        if (!new SecretAttribute().IsValid(key)) throw new CannotRunException(new SecretAttribute().FormatErrorMessage("INTERNAL_API_KEY"));
        return new SetupTarget(
            identity ?? Url(run?.Identity ?? given["AUTH_SERVICE_URL"], "--identity URL"), venues ?? Url(run?.Venues ?? given["VENUE_SERVICE_URL"], "--venues URL"), key, folder);
    }

    private static Uri Url(string? text, string option) => Uri.TryCreate(text, UriKind.Absolute, out var url) ? url : throw new CannotRunException($"say {option}");

    private static string Words(SetupDone done, SetupTarget target) => $"""

          organiser  {done.Slug}, id {done.TenantId}
          venue      {done.VenueId}
          manager    {(done.ManagerLink is null ? "as before" : $"opens this link and chooses a password; it was mailed as well:\n             {done.ManagerLink}")}

        {(target.Folder is null ? $"Try it: SMOKE_TENANT_ID={done.TenantId} SMOKE_VENUE_ID={done.VenueId} admitone smoke" : "Try it: ./admitone smoke")}
        """;
}
