using System.Text;
using AdmitOne.Events.Calendar;
using FsCheck;
using FsCheck.Fluent;

namespace AdmitOne.UnitTests.Events;

public sealed class CalendarTextTests
{
    [Fact]
    public void A_text_is_escaped_and_its_lines_are_one()
    {
        var line = new CalendarText().Words("SUMMARY", "Rock; roll, and \\more\r\nat night\u0007\tnow").ToString();
        Assert.Equal("SUMMARY:Rock\\; roll\\, and \\\\more\\nat night\tnow\r\n", line);
        Assert.Equal("", new CalendarText().Words("DESCRIPTION", "").Words("CATEGORIES", []).ToString());
        Assert.Equal("CATEGORIES:a\\,b,c\r\n", new CalendarText().Words("CATEGORIES", ["a,b", "c"]).ToString());
    }

    [Fact]
    public void No_line_has_more_than_75_octets_and_no_letter_is_cut()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), text =>
        {
            // What JSON can carry: a lone half of a pair is not text.
            var said = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Get + "Ж🎟é" + text.Get));
            var written = new CalendarText().Words("DESCRIPTION", said + string.Concat(Enumerable.Repeat("日本語🎟", 40))).ToString();
            Assert.EndsWith("\r\n", written, StringComparison.Ordinal);
            foreach (var line in written[..^2].Split("\r\n"))
            {
                Assert.InRange(Encoding.UTF8.GetByteCount(line), 1, 75);
                Assert.Equal(line, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(line)));
            }
            Assert.Equal(new CalendarText().Words("DESCRIPTION", said).ToString().Replace("\r\n ", "", StringComparison.Ordinal).TrimEnd(),
                written.Replace("\r\n ", "", StringComparison.Ordinal).Replace(string.Concat(Enumerable.Repeat("日本語🎟", 40)), "", StringComparison.Ordinal).TrimEnd());
        }).QuickCheckThrowOnFailure();
    }
}
