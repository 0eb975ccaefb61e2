using System.Net;
using System.Net.Http.Headers;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;

namespace AdmitOne.IntegrationTests.Identity;

/// <summary>People whom the service sees for the first time, and those it remembers.</summary>
public sealed class NewcomerTests(World world) : IClassFixture<World>
{
    [Fact]
    public async Task Hundreds_who_come_at_once_are_all_known_afterwards()
    {
        var sale = await world.PutOnSaleAsync(quantity: 300);
        var people = Enumerable.Range(0, 300).Select(_ => Guid.CreateVersion7()).ToArray();
        var answers = await Task.WhenAll(people.Select(buyer => world.HoldAsync(sale, buyer: buyer)));
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.Created, answer.StatusCode));
        Assert.Equal(300, await world.Ask<int>("select count(*) from platform.users where id = any (@people) and email = replace(id::text, '-', '') || '@people.example'", new { people }));
    }

    [Fact]
    public async Task One_whose_data_cannot_be_kept_spoils_nobody_elses_call()
    {
        var unfit = ListTicketsAsync(world.Token(Roles.Customer, email: new string('x', 400) + "@people.example"));
        var others = Enumerable.Range(0, 50).Select(_ => ListTicketsAsync(world.Token(Roles.Customer))).ToArray();
        Assert.All(await Task.WhenAll(others), status => Assert.Equal(HttpStatusCode.OK, status));
        Assert.NotEqual(HttpStatusCode.OK, await unfit);
    }

    [Fact]
    public async Task A_token_that_is_remembered_ends_with_its_tenants_suspension()
    {
        var token = world.Token(Roles.Customer, tenant: world.OtherTenant);
        Assert.Equal(HttpStatusCode.OK, await ListTicketsAsync(token));
        Assert.Equal(HttpStatusCode.OK, await ListTicketsAsync(token));
        await world.Sql("update platform.tenants set status = 'suspended' where id = @OtherTenant", new { world.OtherTenant });
        await World.UntilAsync(async () => await ListTicketsAsync(token) == HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_remembered_token_opens_no_more_than_its_role()
    {
        var token = world.Token(Roles.Customer);
        Assert.Equal(HttpStatusCode.OK, await ListTicketsAsync(token));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync("/api/v1/admin/inventory/verify", token));
        Assert.Equal(HttpStatusCode.Unauthorized, await ListTicketsAsync(token[..^4] + "AAAA"));
    }

    private Task<HttpStatusCode> ListTicketsAsync(string token) => GetAsync("/api/v1/tickets", token);

    private async Task<HttpStatusCode> GetAsync(string path, string token)
    {
        using var client = world.Tickets();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await client.GetAsync(path, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }
}
