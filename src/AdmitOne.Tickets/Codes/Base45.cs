namespace AdmitOne.Tickets.Codes;

/// <summary>Base45 (RFC 9285): bytes in the 45 characters of a QR code's alphanumeric mode, three for each two bytes.</summary>
public static class Base45
{
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

    private static readonly sbyte[] s_values = Values();   // by character; -1 where there is none

    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        var text = new char[(bytes.Length / 2 * 3) + (bytes.Length % 2 * 2)];
        var at = 0;
        for (var i = 0; i < bytes.Length; i += 2)
        {
            var pair = i + 1 < bytes.Length;
            var value = pair ? (bytes[i] << 8) | bytes[i + 1] : bytes[i];
            text[at++] = Alphabet[value % 45];
            text[at++] = Alphabet[value / 45 % 45];
            if (pair) text[at++] = Alphabet[value / 2025];
        }
        return new string(text);
    }

    /// <returns>False for any text that <see cref="Encode"/> does not make.</returns>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> bytes, out int length)
    {
        length = 0;
        if (text.Length % 3 == 1 || bytes.Length < (text.Length / 3 * 2) + (text.Length % 3 / 2)) return false;
        for (var i = 0; i < text.Length; i += 3)
        {
            var pair = i + 2 < text.Length;
            var (low, middle, high) = (Value(text[i]), Value(text[i + 1]), pair ? Value(text[i + 2]) : 0);
            var value = low + (middle * 45) + (high * 2025);
            if (low < 0 || middle < 0 || high < 0 || value > (pair ? ushort.MaxValue : byte.MaxValue)) return false;
            if (pair) bytes[length++] = (byte)(value >> 8);
            bytes[length++] = (byte)value;
        }
        return true;
    }

    // Any negative number that no sum can make positive again would do; each digit is looked at by itself.
    private static int Value(char c) => c < s_values.Length ? s_values[c] : -1;

    private static sbyte[] Values()
    {
        var values = new sbyte[128];
        Array.Fill(values, (sbyte)-1);
        for (var n = 0; n < Alphabet.Length; n++) values[Alphabet[n]] = (sbyte)n;
        return values;
    }
}
