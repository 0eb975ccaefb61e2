using AdmitOne.UnitTests.Architecture;

namespace AdmitOne.UnitTests.Operations;

/// <summary>The configurations of Prometheus and Alertmanager, read by their own programs.</summary>
public sealed class AlertingTests
{
    private const string Alertmanager = "deploy/alertmanager/alertmanager.yml";

    [Fact]
    public Task Prometheus_accepts_both_configurations() =>
        Tool.RunAsync("promtool", "prometheus", "check", "config", "deploy/prometheus/prometheus.yml", "deploy/prometheus/prometheus.local.yml");

    [Fact]
    public Task Alertmanager_accepts_its_configuration() => Tool.RunAsync("amtool", "prometheus-alertmanager", "check-config", Alertmanager);

    [Theory]
    [InlineData("critical", "pagerduty-critical,slack-critical")]
    [InlineData("warning", "slack-warnings")]
    [InlineData("info", "slack-notes")]
    public async Task An_alert_reaches_whom_its_severity_calls(string severity, string receivers)
    {
        foreach (var rule in AlertRule.All.Where(rule => rule.Severity == severity).Take(3))
            await Tool.RunAsync("amtool", "prometheus-alertmanager", "config", "routes", "test", $"--config.file={Alertmanager}", $"--verify.receivers={receivers}", $"severity={severity}", $"alertname={rule.Name}");
    }

    [Fact]
    public async Task A_message_says_where_to_read_on() =>
        Assert.Contains("https://documents.example.com/", await Tool.RunAsync("amtool", "prometheus-alertmanager", "template", "render", "--template.glob=deploy/alertmanager/templates/*.tmpl",
            """--template.text={{ template "admitone.title" . }}{{ template "admitone.text" . }}"""), StringComparison.Ordinal);

    [Fact]
    public void No_secret_stands_in_the_configuration()
    {
        var text = File.ReadAllText(Path.Combine(Checkout.Root, Alertmanager));
        Assert.DoesNotContain("api_url:", text, StringComparison.Ordinal);
        Assert.DoesNotContain("routing_key:", text, StringComparison.Ordinal);
        Assert.DoesNotContain("service_key:", text, StringComparison.Ordinal);
    }
}
