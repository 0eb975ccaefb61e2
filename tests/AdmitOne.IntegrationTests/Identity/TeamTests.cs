using System.Net;
using System.Net.Http.Json;
using AdmitOne.Identity;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Identity;
using Dapper;

namespace AdmitOne.IntegrationTests.Identity;

/// <summary>Roles of an organiser's team: by invitation only, never above one's own, and never without a manager.</summary>
public sealed class TeamTests(World world) : IClassFixture<World>
{
    private const string Password = "a good long password";
    private static readonly string[] s_roles = [Roles.Customer, Roles.VenueStaff, Roles.VenueManager, Roles.Admin, Roles.Ops];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Somebody_is_invited_accepts_is_changed_and_removed()
    {
        using var manager = await ManagerAsync();
        using var browser = new Browser(world.AuthUrl);
        const string email = "nina@people.example";
        await manager.MakeAsync("/api/v1/invitations", new { email = "Nina@People.example", role = Roles.VenueStaff });
        var key = (await browser.MailAsync(email)).Link.Split('/')[^1];
        using var api = world.Auth();
        var accepted = await (await api.PostAsync("/api/v1/invitations/accept", new { key, name = "Nina", password = Password })).ReadAsync();
        Assert.Equal((world.Tenant, Roles.VenueStaff), (accepted.Id("tenantId"), accepted.Text("role")));
        Assert.Equal("invitation_invalid", await (await api.PostAsync("/api/v1/invitations/accept", new { key, name = "Eve", password = Password })).RefusedAsync(HttpStatusCode.NotFound));
        using var nina = await SignedInAsync(email, world.TicketsUrl);
        var person = accepted.Id("personId");
        Assert.Contains((await manager.GetJsonAsync("/api/v1/members?limit=100")).Items(), member => member.Id("personId") == person && member.Text("role") == Roles.VenueStaff);

        var changed = await (await manager.PatchAsJsonAsync($"/api/v1/members/{person}", new { role = Roles.VenueManager }, Stop)).ReadAsync();
        Assert.Equal(Roles.VenueManager, changed.Text("role"));
        // The token that said the old role is over, at every service.
        await World.UntilAsync(async () => (await nina.GetAsync("/api/v1/tickets", Stop)).StatusCode == HttpStatusCode.Unauthorized, TimeSpan.FromSeconds(60));
        Assert.Equal(HttpStatusCode.NoContent, (await manager.DeleteAsync($"/api/v1/members/{person}", Stop)).StatusCode);
        Assert.Equal("customer", await world.Ask<string>("select role from identity.memberships where person_id = @person", new { person }));
        Assert.True(await world.Ask<int>("select count(*)::int from platform.audit_log where action in ('invitation.create', 'member.change', 'member.remove') and tenant_id = @Tenant", new { world.Tenant }) >= 3);
    }

    [Fact]
    public async Task An_invited_address_with_an_account_is_entered_by_its_password_only()
    {
        const string email = "has-an-account@people.example";
        await AddAsync(email, Roles.Customer, world.OtherTenant);
        using var manager = await ManagerAsync();
        await manager.MakeAsync("/api/v1/invitations", new { email, role = Roles.VenueManager });
        using var browser = new Browser(world.AuthUrl);
        var key = (await browser.MailAsync(email)).Link.Split('/')[^1];
        using var api = world.Auth();
        Assert.Equal("login_failed", await (await api.PostAsync("/api/v1/invitations/accept", new { key, name = "Eve", password = "the stranger's own" })).RefusedAsync(HttpStatusCode.Unauthorized));
        await (await api.PostAsync("/api/v1/invitations/accept", new { key, password = Password })).ReadAsync();
        Assert.Equal(2, await world.Ask<int>("select count(*)::int from identity.memberships m join identity.people p on p.id = m.person_id where p.email = @email", new { email }));
    }

    [Fact]
    public async Task Every_role_by_every_role_there_is_no_way_up()
    {
        var (faults, tried) = (new List<string>(), 0);
        foreach (var own in s_roles)
        {
            using var caller = world.Client(world.AuthUrl, own, Guid.CreateVersion7());
            foreach (var role in s_roles.Skip(1))
            {
                using var invited = await caller.PostAsync("/api/v1/invitations", new { email = $"{own}-{role}@people.example", role });
                var may = own is Roles.VenueManager or Roles.Admin && role is Roles.VenueStaff or Roles.VenueManager && own is Roles.VenueManager or Roles.Admin;
                tried++;
                if (invited.StatusCode == HttpStatusCode.Created != may) faults.Add($"{own} invites {role}: {(int)invited.StatusCode}");
                using var other = await caller.PostAsync($"/api/v1/admin/tenants/{world.Tenant}/invitations", new { email = $"{own}-{role}@people.example", role });
                if (other.IsSuccessStatusCode) faults.Add($"{own} invites {role} as the platform: {(int)other.StatusCode}");
            }
            foreach (var theirs in s_roles.Skip(1))
            {
                var victim = await AddAsync($"{own}-over-{theirs}@people.example", theirs, world.Tenant);
                foreach (var role in s_roles)
                {
                    using var changed = await caller.PatchAsJsonAsync($"/api/v1/members/{victim}", new { role }, Stop);
                    var may = own is Roles.VenueManager or Roles.Admin && role is Roles.VenueStaff or Roles.VenueManager
                        && (theirs is Roles.VenueStaff or Roles.VenueManager || (theirs == Roles.Admin && own == Roles.Admin));
                    tried++;
                    if (changed.IsSuccessStatusCode != may) faults.Add($"{own} makes {theirs} {role}: {(int)changed.StatusCode}");
                    if (may) await world.Sql("update identity.memberships set role = @theirs where person_id = @victim", new { theirs, victim });
                }
                foreach (var (method, path) in new[] { (HttpMethod.Post, $"/api/v1/members/{victim}/sign-out"), (HttpMethod.Delete, $"/api/v1/members/{victim}") })
                {
                    using var done = await caller.SendAsync(new HttpRequestMessage(method, path), Stop);
                    var may = own is Roles.VenueManager or Roles.Admin && theirs != Roles.Ops && (theirs != Roles.Admin || own == Roles.Admin);
                    tried++;
                    if (done.IsSuccessStatusCode != may) faults.Add($"{own} {method} {theirs}: {(int)done.StatusCode}");
                }
            }
            // Another organiser's members are not there.
            var stranger = await AddAsync($"{own}-elsewhere@people.example", Roles.VenueStaff, world.OtherTenant);
            using var elsewhere = await caller.DeleteAsync($"/api/v1/members/{stranger}", Stop);
            if (elsewhere.IsSuccessStatusCode) faults.Add($"{own} removes another organiser's member");
        }
        using var nobody = world.Auth();
        foreach (var path in new[] { "/api/v1/members", "/api/v1/invitations", "/api/v1/me", "/api/v1/me/sessions" })
            if ((await nobody.GetAsync(path, Stop)).StatusCode != HttpStatusCode.Unauthorized) faults.Add($"nobody reads {path}");
        foreach (var path in new[] { "/api/v1/admin/tenants", "/internal/v1/organisers", "/api/v1/invitations", "/api/v1/me/leave", "/api/v1/me/close" })
            if ((await nobody.PostAsync(path, new { })).StatusCode != HttpStatusCode.Unauthorized) faults.Add($"nobody posts {path}");
        Assert.True(tried > 100);
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Fact]
    public async Task The_last_manager_stays_also_when_all_of_them_leave_at_once()
    {
        var tenant = Guid.CreateVersion7();
        await world.Sql("insert into platform.tenants (id, slug, name) values (@tenant, @slug, 'Leaving Hall')", new { tenant, slug = $"leaving-{tenant:n}" });
        var managers = new List<HttpClient>();
        for (var n = 0; n < 6; n++)
        {
            var id = await AddAsync($"leaver-{n}@people.example", Roles.VenueManager, tenant);
            managers.Add(world.Client(world.AuthUrl, Roles.VenueManager, id, tenant));
        }
        var left = await Task.WhenAll(managers.Select(manager => manager.PostAsync("/api/v1/me/leave", null, Stop)));
        Assert.Equal(5, left.Count(response => response.StatusCode == HttpStatusCode.NoContent));
        Assert.Equal("last_manager", await left.Single(response => response.StatusCode != HttpStatusCode.NoContent).RefusedAsync(HttpStatusCode.Conflict));
        var last = await world.Ask<Guid>("select person_id from identity.memberships where tenant_id = @tenant and role = 'venue_manager'", new { tenant });
        using var lonely = world.Client(world.AuthUrl, Roles.VenueManager, last, tenant);
        Assert.Equal("last_manager", await (await lonely.DeleteAsync($"/api/v1/members/{last}", Stop)).RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal("last_manager", await (await lonely.PatchAsJsonAsync($"/api/v1/members/{last}", new { role = Roles.VenueStaff }, Stop)).RefusedAsync(HttpStatusCode.Conflict));
        Assert.Equal("last_manager", await (await lonely.PostAsync("/api/v1/me/close", new { password = Password })).RefusedAsync(HttpStatusCode.Conflict));
        managers.ForEach(manager => manager.Dispose());
    }

    [Fact]
    public async Task An_invitation_ends_with_the_role_of_who_sent_it_and_is_accepted_once_by_many_at_once()
    {
        using var browser = new Browser(world.AuthUrl);
        using var api = world.Auth();
        var sender = await AddAsync("sender@people.example", Roles.VenueManager, world.Tenant);
        using (var client = world.Client(world.AuthUrl, Roles.VenueManager, sender)) await client.MakeAsync("/api/v1/invitations", new { email = "too-late@people.example", role = Roles.VenueManager });
        var key = (await browser.MailAsync("too-late@people.example")).Link.Split('/')[^1];
        using var manager = await ManagerAsync();
        await manager.DeleteAsync($"/api/v1/members/{sender}", Stop);
        Assert.Equal("invitation_invalid", await (await api.PostAsync("/api/v1/invitations/accept", new { key, name = "Late", password = Password })).RefusedAsync(HttpStatusCode.NotFound));

        await manager.MakeAsync("/api/v1/invitations", new { email = "at-once@people.example", role = Roles.VenueStaff });
        var once = (await browser.MailAsync("at-once@people.example")).Link.Split('/')[^1];
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(n => api.PostAsync("/api/v1/invitations/accept", new { key = once, name = $"N{n}", password = Password })));
        Assert.Equal(1, answers.Count(answer => answer.StatusCode == HttpStatusCode.OK));
        Assert.Equal(1, await world.Ask<int>("select count(*)::int from identity.people where email = 'at-once@people.example'"));
    }

    [Fact]
    public async Task The_services_of_events_and_tickets_have_no_right_in_the_schema_of_people()
    {
        await using var connection = await world.ConnectAsync();
        Assert.Empty(await connection.QueryAsync<string>("""
            select c.relname || ' to ' || r from pg_class c, unnest(array['admitone_events', 'admitone_tickets', 'admitone_worker']) r
             where c.relnamespace = 'identity'::regnamespace and c.relkind = 'r' and has_table_privilege(r, c.oid, 'select, insert, update, delete')
            """));
        Assert.Empty(await connection.QueryAsync<string>("select relname from pg_class where relnamespace = 'identity'::regnamespace and relkind = 'r' and not (relrowsecurity and relforcerowsecurity)"));
    }

    private Task<Guid> AddAsync(string email, string role, Guid tenant) => IdentityService.AddUserAsync(world.IdentityHost, tenant, email, Password, email.Split('@')[0], role, Stop);

    private async Task<HttpClient> ManagerAsync()
    {
        await AddAsync("team-manager@people.example", Roles.VenueManager, world.Tenant);
        return await SignedInAsync("team-manager@people.example", world.AuthUrl);
    }

    private async Task<HttpClient> SignedInAsync(string email, Uri service)
    {
        using var api = world.Auth();
        var client = world.Client(service);
        var token = await (await api.PostAsJsonAsync("/api/v1/token", new { email, password = Password }, Stop)).ReadAsync();
        client.DefaultRequestHeaders.Authorization = new("Bearer", token.Text("accessToken"));
        return client;
    }
}
