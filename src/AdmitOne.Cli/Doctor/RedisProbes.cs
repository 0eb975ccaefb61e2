using System.Globalization;
using System.Net.Sockets;

namespace AdmitOne.Cli.Doctor;

/// <summary>Whether Redis lets both services in.</summary>
internal sealed class RedisProbe() : Probe("redis")
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        foreach (var service in patient.Services.DistinctBy(service => (service.Redis.Host, service.Redis.Port, service.Redis.Sentinels, service.Redis.User, service.Redis.Password)))
        {
            var at = string.IsNullOrEmpty(service.Redis.Sentinels)
                ? $"{service.Redis.Host}:{service.Redis.Port.ToString(CultureInfo.InvariantCulture)}"
                : $"the primary of {service.Redis.Sentinels}";
            try
            {
                using var redis = await RedisLine.OpenAsync(service.Redis, cancellationToken);
                findings.Add(Finding.Go($"{at} answers"));
            }
            catch (RedisRefusedException refused)
            {
                findings.Add(Finding.NoGo($"{at} refused the login: {refused.Message}", "Set REDIS_PASSWORD to its requirepass, or REDIS_USER and that user's password."));
            }
            catch (Exception away) when (away is SocketException or TimeoutException or IOException or System.Security.Authentication.AuthenticationException)
            {
                findings.Add(Finding.NoGo($"{at} cannot be reached: {away.Message}", "Start it, or set REDIS_HOST, REDIS_PORT and REDIS_TLS, or REDIS_SENTINELS."));
            }
        }
        return findings;
    }
}

/// <summary>Whether it takes writes: a replica that was never promoted answers every read.</summary>
internal sealed class RedisWritesProbe() : Probe("redis writes")
{
    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        try
        {
            using var redis = await RedisLine.OpenAsync(patient.Tickets.Redis, cancellationToken);
            await redis.AskAsync(cancellationToken, "SET", $"doctor:{Guid.CreateVersion7()}", "1", "PX", "1000");
            return One(Finding.Go("a key was written"));
        }
        catch (RedisRefusedException refused) when (refused.Message.StartsWith("READONLY", StringComparison.Ordinal))
        {
            return One(Finding.NoGo("it is a read-only replica", "Point REDIS_HOST at the master, or promote this one (REPLICAOF NO ONE)."));
        }
        catch (RedisRefusedException refused) when (!refused.Message.Contains("AUTH", StringComparison.Ordinal) && !refused.Message.Contains("PASS", StringComparison.Ordinal))
        {
            return One(Finding.NoGo($"it refused a write: {refused.Message}", "Free its memory or its disk."));
        }
        catch (Exception away) when (away is SocketException or TimeoutException or IOException or RedisRefusedException)
        {
            return One(Finding.Unseen("Redis lets nobody in"));
        }
    }
}

/// <summary>Whether this machine, the database and Redis agree on what time it is. Signatures are good for a minute, and holds for a few.</summary>
internal sealed class ClockProbe() : Probe("clocks")
{
    private const double MostSeconds = 2;

    public override async Task<IReadOnlyList<Finding>> LookAsync(Patient patient, CancellationToken cancellationToken)
    {
        var skews = new List<(string Whose, double Seconds)>();
        if (await patient.AnyConnectionAsync(cancellationToken) is { } connection)
        {
            skews.Add(("the database's", await SkewAsync(patient, async () =>
            {
                await using var ask = new Npgsql.NpgsqlCommand("select extract(epoch from clock_timestamp())::float8", connection);
                return (double)(await ask.ExecuteScalarAsync(cancellationToken))!;
            })));
        }
        try
        {
            using var redis = await RedisLine.OpenAsync(patient.Tickets.Redis, cancellationToken);
            skews.Add(("Redis'", await SkewAsync(patient, async () =>
            {
                var time = await redis.AskAsync(cancellationToken, "TIME");
                return double.Parse(time[0], CultureInfo.InvariantCulture) + (double.Parse(time[1], CultureInfo.InvariantCulture) / 1e6);
            })));
        }
        catch (Exception away) when (away is SocketException or TimeoutException or IOException or RedisRefusedException)
        {
            // Its own line says so.
        }
        if (skews.Count == 0) return One(Finding.Unseen("neither the database nor Redis can be asked"));
        var said = string.Join(", ", skews.Select(skew => $"{skew.Whose} clock is {Math.Abs(skew.Seconds).ToString("0.000", CultureInfo.InvariantCulture)} s {(skew.Seconds < 0 ? "behind" : "ahead")}"));
        var worst = skews.Max(skew => Math.Abs(skew.Seconds));
        return One(worst > MostSeconds ? Finding.NoGo(said, "Run NTP (chrony, systemd-timesyncd) on every machine.")
            : worst > 0.5 ? Finding.Warning(said, "Look at NTP before it drifts further.") : Finding.Go(said));
    }

    // Half of the way there and back is the way there.
    private static async Task<double> SkewAsync(Patient patient, Func<Task<double>> ask)
    {
        var sent = patient.Clock.GetUtcNow();
        var theirs = await ask();
        var heard = patient.Clock.GetUtcNow();
        return theirs - ((sent.ToUnixTimeMilliseconds() + heard.ToUnixTimeMilliseconds()) / 2000.0);
    }
}
