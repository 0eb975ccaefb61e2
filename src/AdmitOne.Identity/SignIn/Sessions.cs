using AdmitOne.Identity.People;
using AdmitOne.Platform.Http;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Identity.SignIn;

internal enum SessionKind { Browser, Token, App }

/// <summary>Where a sign-in comes from, as a person recognises it.</summary>
internal sealed record Device(string Agent, string Network)
{
    private const int MaxAgent = 200;

    public static Device Of(HttpContext context)
    {
        var agent = string.Concat(context.Request.Headers.UserAgent.ToString().Where(c => c is >= ' ' and <= '~').Take(MaxAgent));
        return new Device(agent, ClientNetwork.Of(context));
    }
}

/// <param name="Key">What the browser's cookie holds; null for other kinds.</param>
internal sealed record NewSession(Guid Id, string? Key);

/// <summary>Where people are signed in. The cookie of a browser holds a random key; the database its digest.</summary>
internal sealed class Sessions(IdentityContext context, TimeProvider clock)
{
    public static readonly TimeSpan BrowserLifetime = TimeSpan.FromDays(30);

    public async Task<NewSession> BeginAsync(Guid personId, SessionKind kind, Device device, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        var session = new NewSession(Guid.CreateVersion7(), kind == SessionKind.Browser ? MailCodes.NewKey() : null);
        await AddAsync(session, personId, kind, device, lifetime, cancellationToken);
        return session;
    }

    /// <summary>A session of an app that signs in by OpenID Connect, under the id of its authorization.</summary>
    public Task BeginAppAsync(Guid id, Guid personId, Device device, TimeSpan lifetime, CancellationToken cancellationToken) =>
        AddAsync(new NewSession(id, null), personId, SessionKind.App, device, lifetime, cancellationToken);

    /// <summary>Whether a session was neither ended nor is it over.</summary>
    public async Task<bool> IsOpenAsync(Guid id, CancellationToken cancellationToken) => (await context.AskAsync<int>(
        "select 1 from identity.sessions where id = @id and revoked_at is null and expires_at > @now", new { id, now = clock.GetUtcNow() }, cancellationToken)).Count > 0;

    private Task<int> AddAsync(NewSession session, Guid personId, SessionKind kind, Device device, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        return context.RunAsync("""
            delete from identity.sessions where expires_at < @now - interval '1 hour';
            insert into identity.sessions (id, person_id, kind, key_hash, agent, network, created_at, last_seen_at, expires_at)
            values (@Id, @personId, @kind, @keyHash, @Agent, @Network, @now, @now, @until) on conflict (id) do nothing
            """, new
        {
            session.Id, personId, kind = Word(kind), keyHash = session.Key is null ? null : MailCodes.HashOf(session.Key), device.Agent, device.Network, now, until = now + lifetime,
        }, cancellationToken);
    }

    /// <summary>Who is signed in with this cookie.</summary>
    public async Task<BrowserSession?> FindAsync(string key, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var found = (await context.AskAsync<BrowserSession>("select id, person_id from identity.sessions where key_hash = @hash and revoked_at is null and expires_at > @now",
            new { hash = MailCodes.HashOf(key), now }, cancellationToken)).SingleOrDefault();
        if (found is not null)
            await context.RunAsync("update identity.sessions set last_seen_at = @now where id = @Id and last_seen_at < @now - interval '1 minute'", new { found.Id, now }, cancellationToken);
        return found;
    }

    /// <summary>The devices of a person, newest first.</summary>
    public async Task<IReadOnlyList<SessionResponse>> ListAsync(Guid personId, CancellationToken cancellationToken)
    {
        var rows = await context.AskAsync<Row>("""
            select id, kind, agent, network, created_at, last_seen_at, expires_at from identity.sessions
             where person_id = @personId and revoked_at is null and expires_at > @now order by created_at desc limit 200
            """, new { personId, now = clock.GetUtcNow() }, cancellationToken);
        return [.. rows.Select(row => new SessionResponse(row.Id, row.Kind, row.Agent, row.Network, row.CreatedAt, row.LastSeenAt, row.ExpiresAt))];
    }

    private static string Word(SessionKind kind) => kind switch { SessionKind.Browser => "browser", SessionKind.Token => "token", _ => "app" };

    private sealed class Row
    {
        public Guid Id { get; init; }
        public string Kind { get; init; } = "";
        public string Agent { get; init; } = "";
        public string Network { get; init; } = "";
        public DateTimeOffset CreatedAt { get; init; }
        public DateTimeOffset LastSeenAt { get; init; }
        public DateTimeOffset ExpiresAt { get; init; }
    }
}

internal sealed class BrowserSession
{
    public Guid Id { get; init; }
    public Guid PersonId { get; init; }
}

/// <param name="Kind">browser, token or app.</param>
/// <param name="Agent">What the browser or program calls itself.</param>
public sealed record SessionResponse(Guid Id, string Kind, string Agent, string Network, DateTimeOffset CreatedAt, DateTimeOffset LastSeenAt, DateTimeOffset ExpiresAt);
