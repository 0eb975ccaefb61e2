using System.Text;

namespace AdmitOne.IntegrationTests.Telemetry;

/// <summary>As much of Protocol Buffers' wire format as an export of spans needs: fields by their number, nested ones read the same way.</summary>
internal readonly record struct Protobuf(ReadOnlyMemory<byte> Bytes)
{
    public string Text => Encoding.UTF8.GetString(Bytes.Span);

    public string Hex => Convert.ToHexStringLower(Bytes.Span);

    public Protobuf First(int number) => All(number).FirstOrDefault();

    /// <summary>The length-delimited fields with this number.</summary>
    public IEnumerable<Protobuf> All(int number)
    {
        var at = 0;
        while (at < Bytes.Length)
        {
            var tag = ReadNumber(ref at);
            switch (tag & 7)
            {
                case 0: ReadNumber(ref at); break;
                case 1: at += 8; break;
                case 5: at += 4; break;
                case 2:
                    var length = (int)ReadNumber(ref at);
                    var value = Bytes.Slice(at, length);
                    at += length;
                    if ((int)(tag >> 3) == number) yield return new Protobuf(value);
                    break;
                default: throw new FormatException($"Wire type {tag & 7}.");
            }
        }
    }

    private ulong ReadNumber(ref int at)
    {
        ulong number = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = Bytes.Span[at++];
            number |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return number;
        }
    }
}
