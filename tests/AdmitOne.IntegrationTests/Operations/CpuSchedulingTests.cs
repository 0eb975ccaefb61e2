using System.Globalization;
using AdmitOne.IntegrationTests.Harness;
using AdmitOne.Platform.Hosting;

namespace AdmitOne.IntegrationTests.Operations;

public sealed class CpuSchedulingTests(World world) : IClassFixture<World>
{
    private const int Other = 0;
    private const int Batch = 3;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_thread_of_a_service_pushes_another_aside()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("Only Linux has batch threads.");
        foreach (var service in await Task.WhenAll(world.StartReplicaAsync(), world.StartEventsReplicaAsync()))
        {
            using var client = world.Client(service.Url);
            await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.GetAsync("/health/ready", Cancellation)));
            Assert.All(Policies(service.Id), thread => Assert.Equal(Batch, thread.Policy));
        }
        // Whoever hosts a service among other things is left as it was.
        Assert.All(Policies(Environment.ProcessId), thread => Assert.Equal(Other, thread.Policy));
    }

    [Fact]
    public void A_process_may_go_back()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("Only Linux has batch threads.");
        try
        {
            Assert.True(CpuScheduling.UseBatch());
            Assert.All(Policies(Environment.ProcessId), thread => Assert.Equal(Batch, thread.Policy));
        }
        finally
        {
            Assert.True(CpuScheduling.UseOther());
        }
        Assert.All(Policies(Environment.ProcessId), thread => Assert.Equal(Other, thread.Policy));
    }

    // Field 41 of proc(5)'s stat; the name before it, in brackets, may have spaces.
    private static List<(string Thread, int Policy)> Policies(int processId)
    {
        var found = new List<(string, int)>();
        foreach (var thread in Directory.GetDirectories($"/proc/{processId}/task"))
        {
            try
            {
                var stat = File.ReadAllText(Path.Combine(thread, "stat"));
                found.Add((stat, int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[38], CultureInfo.InvariantCulture)));
            }
            catch (IOException)
            {
                // It ended while we looked.
            }
        }
        Assert.NotEmpty(found);
        return found;
    }
}
