using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AdmitOne.Identity.Mail;

namespace AdmitOne.Identity.People;

/// <summary>What a mailed code or link is for.</summary>
internal static class Purposes
{
    public const string Verify = "verify";
    public const string SignIn = "sign_in";
    public const string Reset = "reset";
    public const string Welcome = "welcome";

    public static TimeSpan Lifetime(string purpose) => purpose switch
    {
        SignIn => TimeSpan.FromMinutes(15),
        Reset => TimeSpan.FromHours(1),
        Welcome => TimeSpan.FromDays(7),
        _ => TimeSpan.FromHours(24),
    };
}

/// <summary>A code that was mailed and not used.</summary>
internal sealed class MailCode
{
    public Guid Id { get; init; }
    public Guid PersonId { get; init; }
    public string Email { get; init; } = "";
    public string Purpose { get; init; } = "";
    public byte[] CodeHash { get; init; } = [];
}

/// <summary>
/// Links and 6-digit codes that are mailed. The link's key has 192 random bits and is found by its digest. A code is found by the address that it was mailed to,
/// and an address has ten tries a day, so it cannot be guessed.
/// </summary>
internal sealed class MailCodes(IdentityContext context, PublicAddress address, TimeProvider clock)
{
    private const string Columns = "id, person_id, email, purpose, code_hash";
    private const int KeyBytes = 24;

    public async Task<MailedCode> IssueAsync(Guid personId, string email, string purpose, CancellationToken cancellationToken)
    {
        var (id, code, key) = (Guid.CreateVersion7(), RandomNumberGenerator.GetInt32(0, 1_000_000).ToString("D6", CultureInfo.InvariantCulture), NewKey());
        var now = clock.GetUtcNow();
        await context.RunAsync("""
            delete from identity.mail_codes where expires_at < @now - interval '1 day';
            insert into identity.mail_codes (id, person_id, email, purpose, key_hash, code_hash, created_at, expires_at)
            values (@id, @personId, @email, @purpose, @keyHash, @codeHash, @now, @until)
            """, new { id, personId, email, purpose, keyHash = HashOf(key), codeHash = HashOf(id, code), now, until = now + Purposes.Lifetime(purpose) }, cancellationToken);
        return new MailedCode(code, key, address.Link(key));
    }

    /// <summary>Whether a code of the person can still be used.</summary>
    public async Task<bool> HasOpenAsync(Guid personId, string purpose, CancellationToken cancellationToken) => (await context.AskAsync<int>(
        "select 1 from identity.mail_codes where person_id = @personId and purpose = @purpose and used_at is null and expires_at > @now limit 1",
        new { personId, purpose, now = clock.GetUtcNow() }, cancellationToken)).Count > 0;

    /// <summary>Finds what a link is for, and uses nothing up.</summary>
    public async Task<MailCode?> FindByKeyAsync(string key, CancellationToken cancellationToken) => (await context.AskAsync<MailCode>(
        $"select {Columns} from identity.mail_codes where key_hash = @hash and used_at is null and expires_at > @now",
        new { hash = HashOf(key), now = clock.GetUtcNow() }, cancellationToken)).SingleOrDefault();

    /// <summary>Finds the code of an address, within the transaction that will use it. The caller has counted the try.</summary>
    /// <param name="personId">Only a code of this account, where it is known which one asks.</param>
    public async Task<MailCode?> FindByCodeAsync(string email, string purpose, string code, Guid? personId, CancellationToken cancellationToken)
    {
        var open = await context.AskAsync<MailCode>($"""
            select {Columns} from identity.mail_codes
             where email = @email and purpose = @purpose and used_at is null and expires_at > @now and (@personId::uuid is null or person_id = @personId)
             order by created_at desc
            """, new { email, purpose, now = clock.GetUtcNow(), personId }, cancellationToken);
        return open.FirstOrDefault(row => CryptographicOperations.FixedTimeEquals(row.CodeHash, HashOf(row.Id, code.Trim())));
    }

    /// <summary>Uses a code up, and with it every other one of the same person and purpose.</summary>
    /// <returns>False if another request was faster.</returns>
    public async Task<bool> UseAsync(MailCode code, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var used = await context.RunAsync("update identity.mail_codes set used_at = @now where id = @Id and used_at is null", new { code.Id, now }, cancellationToken);
        if (used == 0) return false;
        await context.RunAsync("update identity.mail_codes set used_at = @now where person_id = @PersonId and purpose = @Purpose and used_at is null",
            new { code.PersonId, code.Purpose, now }, cancellationToken);
        return true;
    }

    /// <summary>Random enough to be found by its digest: 192 bits.</summary>
    public static string NewKey() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(KeyBytes));

    public static byte[] HashOf(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    private static byte[] HashOf(Guid id, string code) => SHA256.HashData(Encoding.UTF8.GetBytes($"{id:n} {code}"));
}
