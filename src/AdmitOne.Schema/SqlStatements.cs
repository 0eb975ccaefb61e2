namespace AdmitOne.Schema;

/// <summary>Cuts a SQL file into single statements, as psql does.</summary>
/// <remarks>PostgreSQL 15, section 4.1 (lexical structure); <c>begin atomic</c> bodies and brackets as in psql's psqlscan.l.</remarks>
internal static class SqlStatements
{
    /// <summary>The statements of <paramref name="sql"/> in order, without their semicolons and without what holds only comments.</summary>
    /// <exception cref="FormatException">A string, a quoted name, a dollar quote or a block comment is not closed.</exception>
    public static IReadOnlyList<string> Split(string sql) => new Scanner(sql).Run();

    /// <summary>The first line of a statement that says something: comments above it are skipped.</summary>
    public static string FirstLine(string statement)
    {
        var start = SkipComments(statement);
        var line = statement.AsSpan(start);
        var end = line.IndexOf('\n');
        return (end < 0 ? line : line[..end]).TrimEnd().ToString();
    }

    /// <summary>Where the first word of <paramref name="sql"/> begins, after blanks and comments.</summary>
    public static int SkipComments(string sql)
    {
        var at = 0;
        while (at < sql.Length)
        {
            if (char.IsWhiteSpace(sql[at])) at++;
            else if (Scanner.Starts(sql, at, "--")) at = Scanner.EndOfLine(sql, at);
            else if (Scanner.Starts(sql, at, "/*")) at = Scanner.EndOfBlockComment(sql, at);
            else break;
        }
        return at;
    }

    private sealed class Scanner(string sql)
    {
        private readonly List<string> _statements = [];
        private readonly List<string> _firstWords = [];
        private int _at;
        private int _start;
        private int _brackets;
        private int _bodyDepth;
        private bool _hasContent;
        private string _previousWord = "";

        public List<string> Run()
        {
            while (_at < sql.Length) Step();
            Finish();
            return _statements;
        }

        private void Step()
        {
            var c = sql[_at];
            if (char.IsWhiteSpace(c)) { _at++; return; }
            if (Starts(sql, _at, "--")) { _at = EndOfLine(sql, _at); return; }
            if (Starts(sql, _at, "/*")) { _at = EndOfBlockComment(sql, _at); return; }
            if (c == ';' && _brackets == 0 && _bodyDepth == 0) { Finish(); _at++; _start = _at; return; }
            _hasContent = true;
            if (c == '\'') _at = EndOfQuoted(_at, '\'', backslashes: false);
            else if (c == '"') _at = EndOfQuoted(_at, '"', backslashes: false);
            else if (c == '$') _at = EndOfDollarQuote(_at);
            else if (IsWordStart(c)) Word();
            else if (char.IsDigit(c)) SkipNumber();
            else { Bracket(c); _at++; }
        }

        private void Bracket(char c)
        {
            if (c == '(') _brackets++;
            else if (c == ')' && _brackets > 0) _brackets--;
        }

        // A dollar inside a word or right after a number opens nothing: `a$b$` is a name.
        private void Word()
        {
            var from = _at;
            while (_at < sql.Length && IsWordPart(sql[_at])) _at++;
            var word = sql[from.._at];
            if (_at < sql.Length && sql[_at] == '\'' && word is "e" or "E")
            {
                _at = EndOfQuoted(_at, '\'', backslashes: true);
                return;
            }
            if (_firstWords.Count < 4) _firstWords.Add(word.ToLowerInvariant());
            TrackBody(word);
            _previousWord = word;
        }

        // Only a routine may have a `begin atomic … end` body, whose semicolons are its own.
        private void TrackBody(string word)
        {
            if (!CreatesRoutine()) return;
            if (Is(word, "atomic") && Is(_previousWord, "begin") && _bodyDepth == 0) _bodyDepth = 1;
            else if (_bodyDepth > 0 && Is(word, "case")) _bodyDepth++;
            else if (_bodyDepth > 0 && Is(word, "end")) _bodyDepth--;
        }

        private static bool Is(string word, string keyword) => word.Equals(keyword, StringComparison.OrdinalIgnoreCase);

        private bool CreatesRoutine() => _firstWords is
            ["create", "function" or "procedure", ..] or ["create", "or", "replace", "function" or "procedure"];

        private void SkipNumber()
        {
            while (_at < sql.Length && IsWordPart(sql[_at])) _at++;
        }

        private void Finish()
        {
            if (_hasContent) _statements.Add(sql[_start.._at].Trim());
            _hasContent = false;
            _brackets = 0;
            _bodyDepth = 0;
            _firstWords.Clear();
        }

        private int EndOfQuoted(int from, char quote, bool backslashes)
        {
            for (var at = from + 1; at < sql.Length; at++)
            {
                if (backslashes && sql[at] == '\\') at++;
                else if (sql[at] == quote && Starts(sql, at + 1, quote.ToString())) at++;
                else if (sql[at] == quote) return at + 1;
            }
            throw Unclosed(sql, from, quote == '"' ? "quoted name" : "string");
        }

        private int EndOfDollarQuote(int from)
        {
            var tagEnd = from + 1;
            if (tagEnd < sql.Length && IsWordStart(sql[tagEnd]))
                while (tagEnd < sql.Length && IsWordPart(sql[tagEnd]) && sql[tagEnd] != '$') tagEnd++;
            if (tagEnd >= sql.Length || sql[tagEnd] != '$') return from + 1;
            var tag = sql[from..(tagEnd + 1)];
            var close = sql.IndexOf(tag, tagEnd + 1, StringComparison.Ordinal);
            return close < 0 ? throw Unclosed(sql, from, "dollar quote") : close + tag.Length;
        }

        public static bool Starts(string text, int at, string what) =>
            string.CompareOrdinal(text, at, what, 0, what.Length) == 0;

        public static int EndOfLine(string text, int from)
        {
            var end = text.IndexOf('\n', from);
            return end < 0 ? text.Length : end + 1;
        }

        // Block comments nest in PostgreSQL, as in the standard and unlike in C.
        public static int EndOfBlockComment(string text, int from)
        {
            var depth = 0;
            for (var at = from; at < text.Length - 1;)
            {
                if (Starts(text, at, "/*")) { depth++; at += 2; }
                else if (Starts(text, at, "*/"))
                {
                    at += 2;
                    if (--depth == 0) return at;
                }
                else at++;
            }
            throw Unclosed(text, from, "block comment");
        }

        private static bool IsWordStart(char c) => char.IsLetter(c) || c == '_' || c > '\x7f';

        private static bool IsWordPart(char c) => IsWordStart(c) || char.IsDigit(c) || c == '$';

        private static FormatException Unclosed(string text, int from, string what) =>
            new($"the {what} that begins in line {text.AsSpan(0, from).Count('\n') + 1} is not closed");
    }
}
