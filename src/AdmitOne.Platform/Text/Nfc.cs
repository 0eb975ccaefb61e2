using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace AdmitOne.Platform.Text;

/// <summary>
/// Unicode's normal form C: a letter and its marks are one character where there is one, so that what looks alike is alike. The framework
/// leaves text as it is where it runs without ICU, as the services do, so the form is made here from Unicode's own table (Unicode 14, as PostgreSQL 15).
/// </summary>
/// <remarks>UAX #15; Hangul as The Unicode Standard, section 3.12.</remarks>
public static class Nfc
{
    private const int FirstMark = 0x300;   // below it every text is in this form
    private const int SBase = 0xAC00, LBase = 0x1100, VBase = 0x1161, TBase = 0x11A7, LCount = 19, VCount = 21, TCount = 28, SCount = LCount * VCount * TCount;

    private static readonly Lazy<Table> s_table = new(Table.Read);

    /// <returns>The text in the form; the same object if all of it is below U+0300.</returns>
    public static string Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.AsSpan().ContainsAnyExceptInRange('\0', (char)(FirstMark - 1)) ? Compose(Decompose(text)) : text;
    }

    private static List<(int Point, int Class)> Decompose(string text)
    {
        var points = new List<(int Point, int Class)>(text.Length);
        foreach (var rune in text.EnumerateRunes()) Add(points, rune.Value);
        // Marks of different classes go into the order of their classes; those of one class stay as they came.
        for (var start = 0; start < points.Count; start++)
        {
            if (points[start].Class == 0) continue;
            var end = start;
            while (end < points.Count && points[end].Class != 0) end++;
            var run = points.GetRange(start, end - start).OrderBy(p => p.Class).ToList();
            for (var n = 0; n < run.Count; n++) points[start + n] = run[n];
            start = end;
        }
        return points;
    }

    private static void Add(List<(int Point, int Class)> points, int point)
    {
        if (point - SBase is var syllable and >= 0 and < SCount)
        {
            points.Add((LBase + syllable / (VCount * TCount), 0));
            points.Add((VBase + syllable % (VCount * TCount) / TCount, 0));
            if (syllable % TCount > 0) points.Add((TBase + syllable % TCount, 0));
        }
        else if (s_table.Value.Parts.TryGetValue(point, out var parts))
        {
            foreach (var part in parts) Add(points, part);
        }
        else
        {
            points.Add((point, s_table.Value.Classes.GetValueOrDefault(point)));
        }
    }

    private static string Compose(List<(int Point, int Class)> points)
    {
        var (starter, lastClass, kept) = (-1, 0, 0);
        for (var n = 0; n < points.Count; n++)
        {
            var (point, its) = points[n];
            // Nothing between them may stand in the way: a starter, or a mark of the same or a higher class.
            if (starter >= 0 && (kept == starter + 1 || lastClass != 0 && lastClass < its) && Pair(points[starter].Point, point) is { } one)
            {
                points[starter] = (one, 0);
                continue;
            }
            if (its == 0) starter = kept;
            lastClass = its;
            points[kept++] = (point, its);
        }
        var text = new StringBuilder(kept);
        for (var n = 0; n < kept; n++) text.Append(char.ConvertFromUtf32(points[n].Point));
        return text.ToString();
    }

    private static int? Pair(int first, int second)
    {
        if (first - LBase is >= 0 and < LCount && second - VBase is >= 0 and < VCount) return SBase + ((first - LBase) * VCount + second - VBase) * TCount;
        if (first - SBase is var syllable and >= 0 and < SCount && syllable % TCount == 0 && second - TBase is > 0 and < TCount) return first + second - TBase;
        return s_table.Value.Pairs.TryGetValue((first, second), out var one) ? one : null;
    }

    private sealed record Table(FrozenDictionary<int, int> Classes, FrozenDictionary<int, int[]> Parts, FrozenDictionary<(int First, int Second), int> Pairs)
    {
        public static Table Read()
        {
            var (classes, parts, pairs) = (new Dictionary<int, int>(), new Dictionary<int, int[]>(), new Dictionary<(int First, int Second), int>());
            using var reader = new StreamReader(typeof(Nfc).Assembly.GetManifestResourceStream("nfc.txt")!);
            while (reader.ReadLine() is { } line)
            {
                if (line.StartsWith('#')) continue;
                if (line.Split('=', '>') is [var of, var into])
                {
                    var (point, made) = (Hex(of), into.Split(' ').Select(Hex).ToArray());
                    parts[point] = made;
                    if (line.Contains('=', StringComparison.Ordinal)) pairs[(made[0], made[1])] = point;
                }
                else if (line.Split('-', ' ') is [var from, var to, var its])
                {
                    for (var point = Hex(from); point <= Hex(to); point++) classes[point] = int.Parse(its, CultureInfo.InvariantCulture);
                }
            }
            return new Table(classes.ToFrozenDictionary(), parts.ToFrozenDictionary(), pairs.ToFrozenDictionary());
        }

        private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
