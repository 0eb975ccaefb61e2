using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AdmitOne.Identity.Mail;
using AdmitOne.Identity.People;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;

namespace AdmitOne.Identity.Passkeys;

/// <summary>What a browser needs to create or use a passkey.</summary>
/// <param name="Challenge">The key to send back with the credential.</param>
/// <param name="Options">As <c>PublicKeyCredential.parseCreationOptionsFromJSON</c> and <c>parseRequestOptionsFromJSON</c> read them.</param>
internal sealed record PasskeyOptions(string Challenge, JsonNode Options);

/// <summary>A passkey that a browser has created for a person, and that is not stored yet.</summary>
internal sealed record CreatedPasskey(Guid PersonId, UserPasskeyInfo Info);

/// <summary>Creates, uses, lists and removes passkeys (WebAuthn), by the handler of ASP.NET Core Identity. A challenge is good once.</summary>
internal sealed class PasskeyCeremonies(IPasskeyHandler<Person> handler, UserManager<Person> users, Challenges challenges, Outgoing mail, PublicAddress address)
{
    public const int MaxNameLength = 60;
    public const string NotAccepted = "This passkey was not accepted. Try again, or sign in in another way.";
    public const string NotCreated = "The passkey was not created. Try again.";
    public const string TooMany = "You have 20 passkeys. Remove one first.";

    private const int MaxPasskeys = 20;

    /// <summary>Begins to create a passkey.</summary>
    /// <param name="personId">The account; it need not be there yet.</param>
    /// <param name="email">How the authenticator names the account.</param>
    public async Task<PasskeyOptions> BeginAsync(Guid personId, string email, HttpContext http, CancellationToken cancellationToken)
    {
        var made = await handler.MakeCreationOptionsAsync(new PasskeyUserEntity { Id = personId.ToString(), Name = email, DisplayName = email }, http);
        return await OptionsAsync(ChallengeKinds.NewPasskey, personId, made.CreationOptionsJson, made.AttestationState, cancellationToken);
    }

    /// <summary>Checks what the authenticator has created. Nothing is stored.</summary>
    /// <returns>Null if it is not what was asked for.</returns>
    public async Task<CreatedPasskey?> CreateAsync(string challenge, string credential, string name, HttpContext http, CancellationToken cancellationToken)
    {
        if (await challenges.UseAsync(challenge, ChallengeKinds.NewPasskey, cancellationToken) is not { PersonId: { } personId } begun || credential.Length == 0) return null;
        var result = await handler.PerformAttestationAsync(new PasskeyAttestationContext { HttpContext = http, CredentialJson = credential, AttestationState = begun.State });
        if (!result.Succeeded || result.UserEntity.Id != personId.ToString()) return null;
        result.Passkey.Name = name.Trim() is { Length: > 0 and <= MaxNameLength } given ? given : "Passkey";
        return new CreatedPasskey(personId, result.Passkey);
    }

    /// <summary>Stores a passkey and says so by mail.</summary>
    /// <returns>False if the person has as many as may be.</returns>
    public async Task<bool> AddAsync(Person person, UserPasskeyInfo passkey, CancellationToken cancellationToken)
    {
        if ((await users.GetPasskeysAsync(person)).Count >= MaxPasskeys) return false;
        Accounts.Check(await users.AddOrUpdatePasskeyAsync(person, passkey));
        if (person.EmailConfirmed) await mail.WriteAsync(MailTexts.PasskeyAdded(person.Email!, passkey.Name ?? "", address.Account), cancellationToken);
        return true;
    }

    /// <summary>Begins a sign-in. Whose it is, the authenticator says.</summary>
    public async Task<PasskeyOptions> BeginSignInAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var made = await handler.MakeRequestOptionsAsync(null, http);
        return await OptionsAsync(ChallengeKinds.Passkey, null, made.RequestOptionsJson, made.AssertionState, cancellationToken);
    }

    /// <returns>Whose passkey it is; null if the signature is not one of a stored passkey over this challenge.</returns>
    public async Task<Person?> SignInAsync(string challenge, string credential, HttpContext http, CancellationToken cancellationToken)
    {
        if (await challenges.UseAsync(challenge, ChallengeKinds.Passkey, cancellationToken) is not { } begun || credential.Length == 0) return null;
        var result = await handler.PerformAssertionAsync(new PasskeyAssertionContext { HttpContext = http, CredentialJson = credential, AssertionState = begun.State });
        if (!result.Succeeded) return null;
        // The authenticator's counter went on. Where the account is changed at the same time, the next sign-in writes it.
        var counted = await users.AddOrUpdatePasskeyAsync(result.User, result.Passkey);
        if (!counted.Errors.All(error => error.Code == nameof(IdentityErrorDescriber.ConcurrencyFailure))) Accounts.Check(counted);
        return result.User;
    }

    /// <summary>The passkeys of a person, the oldest first.</summary>
    public async Task<IReadOnlyList<PasskeyResponse>> ListAsync(Person person) =>
        [.. (await users.GetPasskeysAsync(person)).OrderBy(passkey => passkey.CreatedAt).Select(passkey => new PasskeyResponse(Base64Url.EncodeToString(passkey.CredentialId), passkey.Name ?? "", passkey.CreatedAt, passkey.IsBackedUp))];

    /// <returns>False if the person has no such passkey.</returns>
    public async Task<bool> RemoveAsync(Person person, string id, CancellationToken cancellationToken)
    {
        if (!Base64Url.IsValid(id) || await users.GetPasskeyAsync(person, Base64Url.DecodeFromChars(id)) is not { } passkey) return false;
        Accounts.Check(await users.RemovePasskeyAsync(person, passkey.CredentialId));
        if (person.EmailConfirmed) await mail.WriteAsync(MailTexts.PasskeyRemoved(person.Email!, passkey.Name ?? "", address.Account), cancellationToken);
        return true;
    }

    private async Task<PasskeyOptions> OptionsAsync(string kind, Guid? personId, string options, string? state, CancellationToken cancellationToken) =>
        new(await challenges.IssueAsync(kind, personId, state ?? "", cancellationToken), JsonNode.Parse(options) ?? throw new JsonException("The handler made no options."));
}

/// <param name="Id">The credential's id, in base64url.</param>
/// <param name="IsBackedUp">Whether the authenticator keeps copies of it on other devices.</param>
public sealed record PasskeyResponse(string Id, string Name, DateTimeOffset CreatedAt, bool IsBackedUp);
