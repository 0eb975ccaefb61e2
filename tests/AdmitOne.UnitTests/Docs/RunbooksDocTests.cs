using AdmitOne.UnitTests.Operations;

namespace AdmitOne.UnitTests.Docs;

public sealed class RunbooksDocTests
{
    [Fact]
    public void The_index_of_runbooks_lists_every_alert() => GeneratedDoc.Check("runbooks/README.md", $"""
        # Runbooks

        One page for each alert of `deploy/prometheus/*.rules.yml`: what it means, how to confirm it, what to do, and how to know that it is over.
        Critical ones wake somebody, warnings are for the working day, info is worth knowing (`deploy/alertmanager/alertmanager.yml`).
        Without an alert, begin at the symptom: [troubleshooting](../troubleshooting.md). Setting it all up: [monitoring](../monitoring.md).

        `psql`, `pg_isready` and `redis-cli` ask whom the environment names: `PGHOST`, `PGPORT`, `PGUSER`, `PGDATABASE`, `PGPASSWORD`, `REDIS_HOST`, `REDIS_PORT`, `REDISCLI_AUTH`.
        A test runs what asks them and the services, against what `./run` starts. What asks a cluster (`kubectl`) or node_exporter has not been run here.

        {GeneratedDoc.Table(["alert", "severity", "says"], AlertRule.All.OrderBy(rule => Array.IndexOf(["critical", "warning", "info"], rule.Severity)).Select(rule => new[] { $"[{rule.Name}]({rule.Name}.md)", rule.Severity, rule.Summary }))}
        """);
}
