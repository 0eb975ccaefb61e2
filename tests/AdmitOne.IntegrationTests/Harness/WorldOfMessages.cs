using AdmitOne.Platform.Outbox;
using AdmitOne.Platform.Postgres;
using Dapper;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.IntegrationTests.Harness;

/// <summary>A message as the database keeps it.</summary>
public sealed class Numbered
{
    public long Sequence { get; init; }
    public string Type { get; init; } = "";
    public Guid ResourceId { get; init; }
    public int N { get; init; }
}

/// <summary>What is told, and in which order it is heard.</summary>
public partial class World
{
    public Database EventsDatabase => EventsServices.GetRequiredService<Database>();

    public Database TicketsDatabase => TicketsServices.GetRequiredService<Database>();

    /// <summary>Tells one message that carries a number, in a transaction of its own.</summary>
    public async Task TellAsync(string type, int n, Guid? tenant = null, Guid? resource = null)
    {
        await using var work = await EventsDatabase.BeginAsync(tenant ?? Tenant, Cancellation);
        await work.TellAsync(type, resource ?? Guid.CreateVersion7(), new { n }, Cancellation);
        await work.CommitAsync(Cancellation);
    }

    /// <summary>Waits until every committed message has its number.</summary>
    public Task AllNumberedAsync() => UntilAsync("all messages are numbered", async () => await Ask<long>("select count(*) from platform.outbox_waiting") == 0);

    public Task UntilNumberedAsync(Guid tenant, int count) => UntilAsync($"{count} messages of the tenant are numbered", async () => (await NumberedAsync(tenant)).Count >= count);

    /// <summary>One more organiser, whose messages and entries nobody else's disturb.</summary>
    public async Task<Guid> NewTenantAsync()
    {
        var tenant = Guid.CreateVersion7();
        await Sql("insert into platform.tenants (id, slug, name) values (@tenant, @slug, 'Another Hall')", new { tenant, slug = $"hall-{tenant:n}" });
        return tenant;
    }

    public async Task<IReadOnlyList<Numbered>> NumberedAsync(Guid? tenant = null)
    {
        await using var connection = await ConnectAsync();
        return (await connection.QueryAsync<Numbered>("""
            select s.sequence, o.type, o.resource_id, (o.data ->> 'n')::int as n
              from platform.outbox_sequence s join platform.outbox o on o.tenant_id = s.tenant_id and o.id = s.outbox_id
             where s.tenant_id = @tenant order by s.sequence
            """, new { tenant = tenant ?? Tenant })).AsList();
    }

    /// <summary>Looks again and again until it is so; fails after half a minute.</summary>
    public static async Task UntilAsync(string what, Func<Task<bool>> holds, TimeSpan? longest = null)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            if (TimeProvider.System.GetElapsedTime(since) > (longest ?? LongestWait))
                Assert.Fail($"After {(longest ?? LongestWait).TotalSeconds} s it is still not so that {what}.");
            await Task.Delay(20, Cancellation);
        }
    }
}
