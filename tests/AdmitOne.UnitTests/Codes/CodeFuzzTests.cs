using System.Diagnostics;
using System.Globalization;
using AdmitOne.Tickets.Codes;
using Microsoft.Extensions.Options;

namespace AdmitOne.UnitTests.Codes;

/// <summary>Random and mutated texts against what opens codes: none is accepted, none makes it fail. The seed makes a run repeatable.</summary>
public sealed class CodeFuzzTests(ITestOutputHelper output)
{
    private const int Seed = 20261122;
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

    private static readonly string s_noBlank = Alphabet.Replace(" ", "", StringComparison.Ordinal);

    private static readonly Guid s_tenant = Guid.Parse("0193a5b0-7c1e-7d3a-9f00-00000000000a");
    private static readonly Guid s_other = Guid.Parse("0193a5b0-7c1e-7d3a-9f00-00000000000b");

    /// <summary>FUZZ_TEXTS=10000000 ./test --filter-class '*CodeFuzzTests' for the long run.</summary>
    [Fact]
    public void Random_and_changed_texts_are_all_refused()
    {
        var texts = Environment.GetEnvironmentVariable("FUZZ_TEXTS") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : PropertyCases.Of(40_000);
        Assert.All(Run(texts), kind => Assert.Equal(0, kind.Accepted));
    }

    /// <summary>Opens so many texts on all cores, and prints for each kind how many there were and how long one took.</summary>
    private List<Kind> Run(int texts)
    {
        var workers = Environment.ProcessorCount;
        var found = Enumerable.Range(0, workers).AsParallel().WithDegreeOfParallelism(workers)
            .Select(n => new Fuzzer(Seed + n).Run(texts / workers)).AsEnumerable().SelectMany(kinds => kinds)
            .GroupBy(kind => kind.Name).Select(same => new Kind(same.Key)
            {
                Texts = same.Sum(k => k.Texts), Accepted = same.Sum(k => k.Accepted), Micros = [.. same.SelectMany(k => k.Micros).Order()],
            }).OrderBy(kind => kind.Name, StringComparer.Ordinal).ToList();
        output.WriteLine($"seed {Seed}, {workers} threads");
        output.WriteLine("| text | tried | accepted | median µs | p99 µs |\n| --- | ---: | ---: | ---: | ---: |");
        foreach (var kind in found)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {kind.Name} | {kind.Texts:N0} | {kind.Accepted} | {kind.At(0.5):N1} | {kind.At(0.99):N1} |"));
        return found;
    }

    private sealed record Kind(string Name)
    {
        public long Texts { get; set; }
        public long Accepted { get; set; }

        /// <summary>Every hundredth, in microseconds.</summary>
        public List<double> Micros { get; init; } = [];

        public double At(double share) => Micros.Count == 0 ? 0 : Micros[(int)(Micros.Count * share)];
    }

    private sealed class Fuzzer
    {
        private readonly Random _random;
        private readonly TicketCodes _codes;
        private readonly SignedCodes _known = new();
        private readonly (string Name, Func<string> Make)[] _kinds;

        public Fuzzer(int seed)
        {
            _random = new Random(seed);
            var (options, foreign) = (Options.Create(new CodeOptions { Key = "a-key-for-fuzzing-0123456789-abcdef" }), Options.Create(new CodeOptions { Key = "another-key-for-fuzzing-9876543210-x" }));
            var (seal, signer, alienSeal, alienSigner) = (new CodeSeal(options), new CodeSigner(options), new CodeSeal(foreign), new CodeSigner(foreign));
            _codes = new TicketCodes(seal, signer);
            var ticket = new SealedTicket(Guid.Parse("0193a5b0-7c1e-7d3a-9f00-00000000aaaa"), 1, 0);
            byte[] Static(CodeSeal sealedBy, CodeSigner signedBy, Guid tenant) { var carrier = sealedBy.Seal(tenant, ticket); return [.. carrier, .. signedBy.Sign(carrier)]; }
            byte[] Rotating(CodeSeal sealedBy, Guid tenant, uint step) { var carrier = sealedBy.Seal(tenant, ticket); return [.. carrier, .. RotatingCode.Make(sealedBy.RotationSecret(tenant, carrier), step)]; }

            var (good, rotating) = (Static(seal, signer, s_tenant), Rotating(seal, s_tenant, 59_479_411));
            var (otherTenant, otherKey, forged) = (Static(seal, signer, s_other), Static(alienSeal, alienSigner, s_tenant), Static(seal, alienSigner, s_tenant));
            var rotatingOther = Rotating(seal, s_other, 59_479_411);
            // What takes an ECDSA check is dear; the cheap kinds stand here more often.
            _kinds =
            [
                ("random characters", RandomText), ("random bytes, static", () => RandomBytes(113)), ("random bytes, rotating", () => RandomBytes(63)), ("random bytes, rotating", () => RandomBytes(63)),
                ("static, carrier changed", () => Mutate(good, 0, 49)), ("static, signature changed", () => Mutate(good, 49, 113)),
                ("rotating, carrier changed", () => Mutate(rotating, 0, 49)), ("rotating, carrier changed", () => Mutate(rotating, 0, 49)),
                ("rotating, step or MAC changed", () => Mutate(rotating, 49, 63)), ("rotating, step or MAC changed", () => Mutate(rotating, 49, 63)), ("text changed", () => MutateText(Base45.Encode(rotating))),
                ("static of another tenant", () => Base45.Encode(otherTenant)), ("static of another key", () => Base45.Encode(otherKey)), ("static, signed by a stranger", () => Base45.Encode(forged)),
                ("rotating of another tenant", () => Base45.Encode(rotatingOther)), ("cut or lengthened", () => MutateLength(Base45.Encode(good))),
            ];
            Assert.True(_codes.TryOpen(s_tenant, Base45.Encode(good), out _, _known) && _known.Has(good) && _codes.TryOpen(s_tenant, Base45.Encode(rotating), out _));
        }

        public List<Kind> Run(int texts)
        {
            var found = _kinds.Select(k => k.Name).Distinct().ToDictionary(name => name, name => new Kind(name));
            for (var n = 0; n < texts; n++)
            {
                var (name, make) = _kinds[_random.Next(_kinds.Length)];
                var text = make();
                var started = Stopwatch.GetTimestamp();
                var accepted = _codes.TryOpen(s_tenant, text, out _, _known);
                var took = Stopwatch.GetElapsedTime(started);
                found[name].Texts++;
                if (accepted) found[name].Accepted++;
                if (n % 100 == 0) found[name].Micros.Add(took.TotalMicroseconds);
            }
            return [.. found.Values];
        }

        private string RandomText() => new([.. Enumerable.Range(0, _random.Next(2) == 0 ? 95 : _random.Next(200)).Select(_ => _random.Next(50) == 0 ? (char)_random.Next(0x250) : Alphabet[_random.Next(45)])]);

        private string RandomBytes(int length)
        {
            var bytes = new byte[length];
            _random.NextBytes(bytes);
            if (_random.Next(2) == 0) bytes[0] = 1;
            return Base45.Encode(bytes);
        }

        private string Mutate(byte[] code, int from, int to)
        {
            var changed = code.ToArray();
            for (var changes = 1 + _random.Next(4); changes > 0; changes--) changed[_random.Next(from, to)] ^= (byte)(1 << _random.Next(8));
            if (changed.AsSpan().SequenceEqual(code)) changed[from] ^= 0x80;
            return Base45.Encode(changed);
        }

        private string MutateText(string text)
        {
            var changed = text.ToCharArray();
            var at = _random.Next(changed.Length);
            changed[at] = Alphabet[(Alphabet.IndexOf(changed[at], StringComparison.Ordinal) + 1 + _random.Next(44)) % 45];
            return new string(changed);
        }

        // A blank behind a code is what some scanners send, and no part of it.
        private string MutateLength(string text) => _random.Next(2) == 0 ? text[..^(1 + _random.Next(text.Length - 1))] : text + s_noBlank[_random.Next(s_noBlank.Length)];
    }
}
