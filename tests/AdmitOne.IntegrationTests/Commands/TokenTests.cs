using System.Net.Http.Headers;
using AdmitOne.IntegrationTests.Harness;

namespace AdmitOne.IntegrationTests.Commands;

public sealed class TokenTests(World world) : IClassFixture<World>
{
    private (string, string?) Secret => ("JWT_SECRET", world.TicketsSettings["JWT_SECRET"]);

    [Fact]
    public async Task A_token_lets_its_holder_in_until_it_expires()
    {
        var run = await CommandRun.StartAsync([Secret], "token", "--role", "customer", "--tenant", world.Tenant.ToString(), "--email", "Cleo@people.example", "--ttl", "60");
        Assert.Equal((0, ""), (run.ExitCode, run.Errors));
        using var client = world.Tickets();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Assert.Single(run.Lines));
        Assert.Empty((await client.GetJsonAsync("/api/v1/tickets")).Items());
        Assert.Equal(1, await world.Ask<int>("select count(*) from platform.users where email = 'cleo@people.example'"));
    }

    [Fact]
    public async Task In_production_no_token_is_made()
    {
        var run = await CommandRun.StartAsync([Secret, ("ENVIRONMENT", "production")], "token", "--role", "admin", "--tenant", world.Tenant.ToString());
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
        Assert.Contains("production", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_for_no_role_or_no_tenant_is_refused()
    {
        Assert.NotEqual(0, (await CommandRun.StartAsync([Secret], "token", "--role", "king", "--tenant", world.Tenant.ToString())).ExitCode);
        var nobody = await CommandRun.StartAsync([Secret], "token", "--role", "customer");
        Assert.Equal(1, nobody.ExitCode);
        Assert.Contains("--tenant", nobody.Errors, StringComparison.Ordinal);
    }
}
