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
        var before = $"{Migrator.Latest - 1:000}";
        foreach (var words in new string[][] { ["up"], ["status"], ["down", "--to", before], ["status"], ["up"] })
        {
            var run = await CommandRun.StartAsync(
                [("DB_HOST", stack.Postgres.Host), ("DB_PORT", $"{stack.Postgres.Port}"), ("DB_NAME", database.Name), ("DB_MIGRATE_PASSWORD", stack.Passwords[DatabaseRoles.Migrate])], ["migrate", .. words]);
            Assert.True(run.ExitCode == 0, $"migrate {string.Join(' ', words)}: {run.Output}{run.Errors}");
            Assert.Equal(words[0] == "down" ? Migrator.Latest - 1 : words[0] == "up" ? Migrator.Latest : await CurrentAsync(), await CurrentAsync());
        }

        Task<int> CurrentAsync() => database.Migrator(MigrationSet.Product).CurrentAsync(TestContext.Current.CancellationToken);
    }
}
