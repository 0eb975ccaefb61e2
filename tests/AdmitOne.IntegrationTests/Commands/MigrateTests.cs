using AdmitOne.IntegrationTests.Harness;
using AdmitOne.IntegrationTests.Schema;
using AdmitOne.Schema;

namespace AdmitOne.IntegrationTests.Commands;

/// <summary>What docs/upgrade.md and docs/rollback.md say to type, against a database of its own.</summary>
public sealed class MigrateTests(Stack stack)
{
    [Fact]
    public async Task The_schema_goes_up_back_by_one_and_up_again()
    {
        stack.SkipIfMissing();
        await using var database = await EmptyDatabase.MakeAsync();
        var before = Migrator.Latest - 1;
        foreach (var (words, leaves) in new (string[], int)[]
        {
            (["up"], Migrator.Latest), (["status"], Migrator.Latest), (["down", "--to", $"{before:000}"], before), (["status"], before), (["up"], Migrator.Latest),
        })
        {
            var run = await CommandRun.StartAsync(
                [("DB_HOST", stack.Postgres.Host), ("DB_PORT", $"{stack.Postgres.Port}"), ("DB_NAME", database.Name), ("DB_MIGRATE_PASSWORD", stack.Passwords[DatabaseRoles.Migrate])], ["migrate", .. words]);
            Assert.True(run.ExitCode == 0, $"migrate {string.Join(' ', words)}: {run.Output}{run.Errors}");
            Assert.Equal(leaves, await database.Migrator(MigrationSet.Product).CurrentAsync(TestContext.Current.CancellationToken));
        }
    }
}
