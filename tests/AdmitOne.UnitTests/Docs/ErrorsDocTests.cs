using System.Globalization;
using System.Reflection;
using AdmitOne.Events;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets;
using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Docs;

public sealed class ErrorsDocTests
{
    [Fact]
    public void The_page_of_errors_says_what_the_catalogue_says() => GeneratedDoc.Check("errors.md", $$"""
        # Errors

        Every refusal is `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `detail`, `instance`, `traceId` and a `code` that is never renamed:
        decide by the code, show the detail, search the logs for the trace id. A 4xx has sold, taken back and admitted nothing. After a 5xx read before you repeat, or
        repeat with the same Idempotency-Key: a connection that broke while something was written does not tell whether it was. 503 says in `Retry-After` when
        another attempt makes sense.

        {{GeneratedDoc.Table(["status", "code", "title", "what it means, what to do"], Catalogue().DistinctBy(p => p.Type.Code)
            .OrderBy(p => p.Type.Status).ThenBy(p => p.Type.Code, StringComparer.Ordinal)
            .Select(p => new[] { p.Type.Status.ToString(CultureInfo.InvariantCulture), $"`{p.Type.Code}`", p.Type.Title, Meaning(p) }))}}

        ## What PostgreSQL says, and what a caller gets

        A request that meets one of these SQLSTATEs did nothing wrong, or can do nothing about it. A lane (holds, purchases, refunds, scans) first repeats its batch for up to four seconds
        if the meaning is not a fault and it is certain that nothing was kept. A code wins over its class, which is written with dashes. Every other class is a fault where the code does not expect it.

        {{GeneratedDoc.Table(["SQLSTATE", "when", "a caller gets"], SqlStates.Table.OrderBy(s => s.Key, StringComparer.Ordinal)
            .Select(s => new[] { $"`{s.Key.PadRight(5, '-')}`", s.Value.When, Answered(s.Value.Meaning) }))}}
        """);

    [Fact]
    public void A_code_means_one_thing_wherever_it_is_answered() =>
        Findings.None(Catalogue().GroupBy(p => p.Type.Code).Where(same => same.Select(p => (p.Type.Status, p.Type.Title)).Distinct().Count() > 1).Select(same => same.Key));

    [Fact]
    public void Every_code_says_what_it_means_and_what_its_detail_reads_like() =>
        Findings.None(Catalogue().Where(p => XmlDocs.Summary(p.Field) is null || p.Type.Like is null).Select(p => $"{p.Field.DeclaringType?.Name}.{p.Field.Name}"));

    private static string Answered(SqlStateMeaning meaning) => meaning switch
    {
        SqlStateMeaning.Unavailable => "503 `dependency_unavailable`, `Retry-After: 1`",
        SqlStateMeaning.Collision => "503 `overloaded`, `Retry-After: 1`",
        _ => "500 `internal_error`",
    };

    private static string Meaning((FieldInfo Field, ProblemType Type) problem) =>
        XmlDocs.Summary(problem.Field) + string.Concat(problem.Type.LikeMembers.Keys.Where(member => XmlDocs.Summary(problem.Field)?.Contains($"`{member}`", StringComparison.Ordinal) != true).Select(member => $" Adds `{member}`."));

    private static List<(FieldInfo Field, ProblemType Type)> Catalogue() =>
        [.. new[] { typeof(ProblemType).Assembly, typeof(EventsService).Assembly, typeof(TicketsService).Assembly }
            .SelectMany(assembly => assembly.GetTypes()).SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(field => field.FieldType == typeof(ProblemType)).Select(field => (field, (ProblemType)field.GetValue(null)!))];
}
