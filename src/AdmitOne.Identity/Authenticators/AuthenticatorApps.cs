using System.Security.Cryptography;
using AdmitOne.Identity.Mail;
using AdmitOne.Identity.People;
using AdmitOne.Identity.SignIn;
using AdmitOne.Platform.Idempotency;
using AdmitOne.Platform.Problems;
using OtpNet;
using QRCoder;

namespace AdmitOne.Identity.Authenticators;

/// <summary>A key that an authenticator app takes in; nothing asks for its codes until one of them confirmed it.</summary>
/// <param name="Secret">Base32, to be typed.</param>
/// <param name="Uri">The same as an otpauth: address, which apps read as a QR code.</param>
internal sealed record NewAuthenticator(string Secret, string Uri)
{
    /// <summary>A QR code of the address, as PNG.</summary>
    public byte[] Picture()
    {
        const int PixelsPerModule = 6;
        using var generator = new QRCodeGenerator();
        using var data = generator.CreateQrCode(Uri, QRCodeGenerator.ECCLevel.M);
        using var png = new PngByteQRCode(data);
        return png.GetGraphic(PixelsPerModule);
    }
}

/// <summary>
/// Authenticator apps (TOTP, RFC 6238: 6 digits of half a minute, one half minute early or late accepted). A code is good once. An account has ten wrong codes a day; then
/// its recovery codes, of 80 random bits, and its passkeys still sign in.
/// </summary>
internal sealed class AuthenticatorApps(IdentityContext context, SecretSeal seal, SignInDelays delays, Outgoing mail, PublicAddress address, TimeProvider clock)
{
    private const string Issuer = "AdmitOne";
    private const int SecretBytes = 20;
    private const int RecoveryCodes = 10;
    private const int RecoveryBytes = 10;
    private static readonly VerificationWindow s_window = new(previous: 1, future: 1);

    /// <summary>Makes the key of a new app. One that was not confirmed is replaced.</summary>
    /// <returns>Null if the account has a confirmed one, which must be removed first.</returns>
    public async Task<NewAuthenticator?> EnrolAsync(Person person, CancellationToken cancellationToken)
    {
        var secret = Base32Encoding.ToString(RandomNumberGenerator.GetBytes(SecretBytes)).TrimEnd('=');
        var made = await context.RunAsync("""
            insert into identity.authenticators as a (person_id, secret, created_at) values (@Id, @sealedSecret, @now)
            on conflict (person_id) do update set secret = excluded.secret, last_step = 0, created_at = excluded.created_at where a.confirmed_at is null
            """, new { person.Id, sealedSecret = seal.Seal(secret, Of(person.Id)), now = clock.GetUtcNow() }, cancellationToken);
        return made == 0 ? null : Show(person, secret);
    }

    /// <summary>The key that was made and waits for its first code.</summary>
    public async Task<NewAuthenticator?> FindNewAsync(Person person, CancellationToken cancellationToken) =>
        await FindSecretAsync(person.Id, isConfirmed: false, cancellationToken) is { } secret ? Show(person, secret) : null;

    /// <summary>Confirms the app by one of its codes: from now on sign-in asks for them.</summary>
    /// <returns>Recovery codes, which are shown this once; null if the code is wrong.</returns>
    public async Task<IReadOnlyList<string>?> ConfirmAsync(Person person, string code, CancellationToken cancellationToken)
    {
        if (await MatchAsync(person.Id, code, isConfirmed: false, cancellationToken) is not var (step, _)) return null;
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var confirmed = await context.RunAsync("""
            update identity.authenticators set confirmed_at = @now, last_step = @step where person_id = @Id and confirmed_at is null
            """, new { person.Id, step, now = clock.GetUtcNow() }, cancellationToken);
        if (confirmed == 0) return null;
        await context.RunAsync("update identity.people set two_factor_enabled = true where id = @Id", new { person.Id }, cancellationToken);
        var codes = Enumerable.Range(0, RecoveryCodes).Select(_ => NewRecoveryCode()).ToList();
        await context.RunAsync("insert into identity.recovery_codes (person_id, code_hash) select @Id, unnest(@hashes)",
            new { person.Id, hashes = codes.Select(HashOf).ToArray() }, cancellationToken);
        await mail.WriteAsync(MailTexts.AuthenticatorAdded(person.Email!, address.Account), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return codes;
    }

    /// <summary>Checks a second factor: a code of the app, or a recovery code. Either is used up.</summary>
    /// <returns>Null if it is right, or if the account asks for none.</returns>
    public async Task<Refusal?> CheckAsync(Person person, string? code, CancellationToken cancellationToken)
    {
        if (!person.TwoFactorEnabled) return null;
        if (string.IsNullOrWhiteSpace(code)) return AuthenticatorProblems.CodeRequired.With("Post a code of the account's authenticator app, or one of its recovery codes, as code.");
        if (Plain(code).Length > 6 ? await UseRecoveryCodeAsync(person.Id, code, cancellationToken) : await UseCodeAsync(person.Id, code, cancellationToken)) return null;
        return AuthenticatorProblems.CodeInvalid.With("Each code is good once, for its half minute. After ten wrong ones in a day only recovery codes and passkeys sign in.");
    }

    /// <summary>How many recovery codes are left; null if the account has no confirmed app.</summary>
    public async Task<int?> CountRecoveryCodesAsync(Guid personId, CancellationToken cancellationToken)
    {
        var counts = await context.AskAsync<int>("""
            select count(c.person_id)::int from identity.authenticators a left join identity.recovery_codes c on c.person_id = a.person_id and c.used_at is null
             where a.person_id = @personId and a.confirmed_at is not null group by a.person_id
            """, new { personId }, cancellationToken);
        return counts.Count == 0 ? null : counts[0];
    }

    /// <summary>Removes the app by one of its codes, or a recovery code: from now on sign-in asks for none.</summary>
    public async Task<Refusal?> RemoveAsync(Person person, string? code, CancellationToken cancellationToken)
    {
        if (!person.TwoFactorEnabled) return PlatformProblems.NotFound.With("Your account has no authenticator app.");
        if (await CheckAsync(person, code, cancellationToken) is { } refusal) return refusal;
        await context.RunAsync("""
            delete from identity.authenticators where person_id = @Id;
            update identity.people set two_factor_enabled = false where id = @Id;
            """, new { person.Id }, cancellationToken);
        await mail.WriteAsync(MailTexts.AuthenticatorRemoved(person.Email!, address.Account), cancellationToken);
        return null;
    }

    private async Task<bool> UseCodeAsync(Guid personId, string code, CancellationToken cancellationToken)
    {
        if (await MatchAsync(personId, code, isConfirmed: true, cancellationToken) is not var (step, secret)) return false;
        // Encrypted anew, so that the key of before is not needed for apps that are in use.
        return await context.RunAsync("update identity.authenticators set last_step = @step, secret = @sealedSecret where person_id = @personId and last_step < @step",
            new { personId, step, sealedSecret = seal.Seal(secret, Of(personId)) }, cancellationToken) == 1;
    }

    private async Task<bool> UseRecoveryCodeAsync(Guid personId, string code, CancellationToken cancellationToken) => await context.RunAsync(
        "update identity.recovery_codes set used_at = @now where person_id = @personId and code_hash = @hash and used_at is null",
        new { personId, hash = HashOf(code), now = clock.GetUtcNow() }, cancellationToken) == 1;

    /// <returns>The half minute whose code it is; null if it is none of now, or too many were tried.</returns>
    private async Task<(long Step, string Secret)?> MatchAsync(Guid personId, string code, bool isConfirmed, CancellationToken cancellationToken)
    {
        var tries = $"authenticator {personId:n}";
        if (!await delays.MayTryCodeAsync(tries, cancellationToken) || await FindSecretAsync(personId, isConfirmed, cancellationToken) is not { } secret) return null;
        if (!new Totp(Base32Encoding.ToBytes(secret)).VerifyTotp(clock.GetUtcNow().UtcDateTime, Plain(code), out var step, s_window)) return null;
        await delays.ForgetCodesAsync(tries, cancellationToken);
        return (step, secret);
    }

    private async Task<string?> FindSecretAsync(Guid personId, bool isConfirmed, CancellationToken cancellationToken)
    {
        var found = await context.AskAsync<string>("select secret from identity.authenticators where person_id = @personId and (confirmed_at is not null) = @isConfirmed",
            new { personId, isConfirmed }, cancellationToken);
        return found.Count == 0 ? null : seal.Open(found[0], Of(personId));
    }

    private static NewAuthenticator Show(Person person, string secret) => new(secret, new OtpUri(OtpType.Totp, secret, person.Email, Issuer).ToString());

    // 16 letters and digits in groups of four.
    private static string NewRecoveryCode() => string.Join('-', Base32Encoding.ToString(RandomNumberGenerator.GetBytes(RecoveryBytes)).ToLowerInvariant().Chunk(4).Select(part => new string(part)));

    private static byte[] HashOf(string code) => MailCodes.HashOf(Plain(code));

    private static string Plain(string code) => string.Concat(code.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();

    private static string Of(Guid personId) => $"authenticator {personId:n}";
}
