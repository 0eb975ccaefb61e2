using System.Globalization;
using System.Text.RegularExpressions;
using AdmitOne.Tickets.Codes;
using AdmitOne.UnitTests.Architecture;
using Microsoft.Extensions.Options;

namespace AdmitOne.UnitTests.Docs;

/// <summary>The page for people who write scanners: what it says is what the code does.</summary>
public sealed partial class TicketCodesDocTests
{
    private const string Key = "an-example-key-for-the-page-of-codes-0001";
    private const uint Step = 59_479_411;

    private static readonly Guid s_tenant = Guid.Parse("0199a1b2-7c00-7000-8000-0000000000aa");
    private static readonly SealedTicket s_ticket = new(Guid.Parse("0199a1b2-7c00-7000-8000-000000000006"), OwnerVersion: 1, Flags: 0);

    [Fact]
    public void The_page_of_codes_has_the_vectors_that_the_code_makes()
    {
        var options = Options.Create(new CodeOptions { Key = Key });
        using var signer = new CodeSigner(options);
        var seal = new CodeSeal(options);
        var codes = new TicketCodes(seal, signer);
        var carrier = seal.Seal(s_tenant, s_ticket);
        var (rotating, secret) = codes.Rotate(s_tenant, s_ticket, Step);
        var key = TicketKey.Of(signer.PublicKeys[0]);
        var packed = new PackedTicket(Type: 0, Section: 1, "AL", PackedState.Issued, Inside: null, Secret: null);
        var (record, rotatingRecord) = (PackRecord.Seal(carrier, packed), PackRecord.Seal(carrier, packed with { Secret = secret, Inside = true }));

        GeneratedDoc.Check("ticket-codes.md", $"""
            # Ticket codes, for people who write scanners

            A code is text in the 45 characters of a QR code's alphanumeric mode: Base45 (RFC 9285) of the bytes below, error correction M. Numbers are big-endian.
            A scanner that is online sends the text to `POST /api/v1/scans` and need not look into it. This page is for those that decide without a network; it is made,
            and compared with the code, by a test.

            ## Layout

            | part | bytes | is |
            | --- | ---: | --- |
            | carrier | 49 | version (1 byte, {carrier[0]}), key id (1), nonce (12), AES-256-GCM of ticket id (16), owner version (2) and flags (1), tag (16). Only the service opens it; to a scanner it is a name |
            | signature | 64 | static codes: ECDSA on P-256 with SHA-256 over the carrier, r and s (IEEE P1363) |
            | step | 4 | rotating codes: Unix seconds divided by {RotatingCode.PeriodSeconds} |
            | MAC | 10 | rotating codes: the first 10 bytes of HMAC-SHA256 over the step, with the ticket's secret (32 bytes) |

            Static: carrier and signature, {TicketCodes.StaticBytes} bytes in {TicketCodes.StaticCharacters} characters. Rotating: carrier, step and MAC, {TicketCodes.RotatingBytes} bytes in {TicketCodes.RotatingCharacters} characters. Nothing else is a code.

            **What a scanner sends around a code** (line ends, tabs, blanks, control characters, a byte order mark, AIM's prefix such as `]Q1`) does not belong to it. The service
            takes it off; take it off before you decide. The last character of a code is always a digit. The first may be a blank, so take blanks in front only while more than the code's length is left.

            **A static code** is genuine if one of the keys of `/.well-known/ticket-keys.json` (also in the pack) verifies its signature; it does not say which.
            **A rotating code** is genuine if its MAC is that of its step under the secret in the pack's record; it is due if its step is at most {RotatingCode.Tolerance} from now.
            The holder's phone has the secret from `GET /api/v1/tickets/<id>/qr` (`rotation.secret`, Base64), the carrier is the first 49 bytes of any code it was given.

            ## The door pack

            `GET /api/v1/events/<id>/door-pack` answers `records`, each Base64 of {PackRecord.StaticBytes} bytes ({PackRecord.RotatingBytes} at an event with rotating codes):

            | part | bytes | is |
            | --- | ---: | --- |
            | lookup | 8 | the first 8 bytes of SHA-256 over the ASCII text `lookup` and the carrier |
            | nonce | 12 | |
            | sealed | 16 or 48 | AES-256-GCM; additional data: the lookup |
            | tag | 16 | |

            Key: the first 32 of 64 bytes of HKDF-SHA256 with the carrier as input, an empty salt and the info `admitone/pack/1`. Opened, it is: type (2, a place in `types`),
            section (2, a place in `sections`), state (1), initials (11, UTF-8 filled up with zeros), and at an event with rotating codes the ticket's secret (32).
            The low four bits of the state: 0 issued, 1 blocked, 2 refunded, 3 cancelled, 4 transferred (an earlier owner's code); 0x10: it was admitted, 0x20: it is inside.
            With `whole: true` the records replace what the scanner has, otherwise they are added, and the newest record of a lookup counts. A genuine static code
            without a record is of a ticket that was sold after the pack was made, or of another event.

            Reasons, in this order: malformed, unknown_ticket, cancelled, refunded, blocked, transferred_code, expired_code, not_inside, already_admitted, too_early, too_late.

            ## Vectors

            Made with `QR_ENCRYPTION_KEY={Key}` and no `CODE_SIGNING_KEY`, for the tenant `{s_tenant}`, the ticket `{s_ticket.TicketId}` and owner version {s_ticket.OwnerVersion}. Bytes are in hex.

            {GeneratedDoc.Table(["what", "value"],
            [
                ["carrier", Hex(carrier)], ["static code", $"`{KeptStatic(codes, carrier, signer)}`"], ["public key x", Hex(signer.PublicKeys[0].Q.X!)],
                ["public key y", Hex(signer.PublicKeys[0].Q.Y!)], ["its `kid`", $"`{key.Kid}`"], ["secret", Hex(secret)], ["step", $"{Step} ({RotatingCode.Begins(Step).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)})"],
                ["rotating code", $"`{rotating}`"], ["lookup", Hex(PackRecord.Lookup(carrier))], ["record: type 0, section 1, `AL`, issued", Hex(record)],
                ["record: the same, inside, with the secret", Hex(rotatingRecord)],
            ])}

            Texts that are no codes: the static code without its last character, in small letters, or with any character changed; the rotating code with another step.
            """);
    }

    // A signature is random: the one on the page stays as long as it is good.
    private static string KeptStatic(TicketCodes codes, byte[] carrier, CodeSigner signer)
    {
        var page = Path.Combine(Checkout.Root, "docs", "ticket-codes.md");
        var kept = File.Exists(page) ? Row().Match(File.ReadAllText(page)).Groups["code"].Value : "";
        return codes.TryOpen(s_tenant, kept, out var opened) && opened == new OpenedCode(s_ticket, Step: null) ? kept : Base45.Encode([.. carrier, .. signer.Sign(carrier)]);
    }

    private static string Hex(byte[] bytes) => $"`{Convert.ToHexStringLower(bytes)}`";

    [GeneratedRegex(@"\| static code \| `(?<code>[^`]{170})` \|")]
    private static partial Regex Row();
}
