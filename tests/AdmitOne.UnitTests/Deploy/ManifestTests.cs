using System.Globalization;
using System.Text.RegularExpressions;
using AdmitOne.Events;
using AdmitOne.Identity;
using AdmitOne.Tickets;
using AdmitOne.UnitTests.Architecture;
using Microsoft.AspNetCore.Routing;
using YamlDotNet.RepresentationModel;

namespace AdmitOne.UnitTests.Deploy;

/// <summary>What the manifests promise. <c>deploy/k8s/check</c> compares them with Kubernetes' own schema besides.</summary>
public sealed partial class ManifestTests
{
    private static readonly (string Name, int Port, int Pool)[] s_services =
    [
        ("event-service", EventsService.Definition.DefaultPort, EventsService.Definition.DefaultPoolMax),
        ("ticket-service", TicketsService.Definition.DefaultPort, TicketsService.Definition.DefaultPoolMax),
        ("identity-service", IdentityService.Definition.DefaultPort, IdentityService.Definition.DefaultPoolMax),
    ];

    [Fact]
    public void Three_replicas_are_replaced_one_at_a_time_and_none_before_the_next_is_ready()
    {
        foreach (var (name, _, _) in s_services)
        {
            var spec = Manifests.Base.Object("Deployment", name).Find("spec")!;
            Assert.Equal(("3", "10", "1", "0"), (spec.At("replicas"), spec.At("revisionHistoryLimit"), spec.At("strategy.rollingUpdate.maxSurge"), spec.At("strategy.rollingUpdate.maxUnavailable")));
            Assert.Equal("1", Manifests.Base.Object("PodDisruptionBudget", name).At("spec.maxUnavailable"));
            var scaler = Manifests.Base.Object("HorizontalPodAutoscaler", name).Find("spec")!;
            Assert.Equal(("3", "10", "cpu", "70"), (scaler.At("minReplicas"), scaler.At("maxReplicas"), scaler.At("metrics.0.resource.name"), scaler.At("metrics.0.resource.target.averageUtilization")));
        }
    }

    [Fact]
    public void Replicas_are_spread_over_zones_and_nodes()
    {
        foreach (var (name, _, _) in s_services)
        {
            var pod = Manifests.Base.Object("Deployment", name).Pod()!;
            var spread = pod.All("topologySpreadConstraints").ToDictionary(one => one.At("topologyKey")!, one => one);
            Assert.Equal("DoNotSchedule", spread["topology.kubernetes.io/zone"].At("whenUnsatisfiable"));
            Assert.Contains("kubernetes.io/hostname", spread.Keys);
            Assert.All(spread.Values, one => Assert.Equal((name, "1"), (one.At("labelSelector.matchLabels.app"), one.At("maxSkew"))));
            Assert.Equal(name, pod.At("affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution.0.podAffinityTerm.labelSelector.matchLabels.app"));
        }
    }

    [Fact]
    public void A_service_gets_its_resources_its_probes_and_the_time_to_leave()
    {
        foreach (var (name, port, pool) in s_services)
        {
            var pod = Manifests.Base.Object("Deployment", name).Pod()!;
            var container = Assert.Single(pod.All("containers"));
            Assert.Equal(("512Mi", "500m", "1Gi", "1000m"), (container.At("resources.requests.memory"), container.At("resources.requests.cpu"), container.At("resources.limits.memory"), container.At("resources.limits.cpu")));
            Assert.Equal(("/health/startup", "/health/live", "/health/ready"), (container.At("startupProbe.httpGet.path"), container.At("livenessProbe.httpGet.path"), container.At("readinessProbe.httpGet.path")));
            var settings = Manifests.Base.Object("ConfigMap", name + "-config").Find("data")!;
            Assert.Equal((Text(port), Text(port), Text(pool), "2"), (container.At("ports.0.containerPort"), settings.At("PORT"), settings.At("DB_POOL_MAX"), settings.At("DB_POOL_MIN")));
            Assert.Equal(Text(port), Manifests.Base.Object("Service", name).At("spec.ports.0.port"));
            // SHUTDOWN_WAIT_SECONDS, twenty seconds to drain, and some to spare before SIGKILL.
            var wait = int.Parse(Manifests.Base.Object("ConfigMap", "admitone-config").At("data.SHUTDOWN_WAIT_SECONDS")!, CultureInfo.InvariantCulture);
            Assert.True(int.Parse(pod.At("terminationGracePeriodSeconds")!, CultureInfo.InvariantCulture) >= wait + 25);
        }
    }

    [Fact]
    public void No_container_may_do_more_than_it_must()
    {
        var pods = Manifests.Base.Where(one => one.Pod() is not null).ToList();
        Assert.Equal(5, pods.Count);
        foreach (var pod in pods.Select(one => one.Pod()!))
        {
            Assert.Equal(("false", "true", "10001", "RuntimeDefault"), (pod.At("automountServiceAccountToken"), pod.At("securityContext.runAsNonRoot"), pod.At("securityContext.runAsUser"), pod.At("securityContext.seccompProfile.type")));
            Assert.All(pod.All("containers"), container => Assert.Equal(("false", "true", "ALL"),
                (container.At("securityContext.allowPrivilegeEscalation"), container.At("securityContext.readOnlyRootFilesystem"), container.At("securityContext.capabilities.drop.0"))));
            Assert.All(pod.All("containers"), container => Assert.NotNull(container.At("resources.limits.memory")));
        }
    }

    [Fact]
    public void Every_variable_is_one_that_the_page_of_settings_knows_and_every_secret_is_a_reference()
    {
        var page = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "configuration.md"));
        var variables = Manifests.Base.Where(one => one.Pod() is not null).SelectMany(one => one.Pod()!.All("containers")).SelectMany(container => container.All("env")).ToList();
        var settings = Manifests.Base.Where(one => one.At("kind") == "ConfigMap").SelectMany(one => ((YamlMappingNode)one.Find("data")!).Children.Keys.Select(key => ((YamlScalarNode)key).Value!)).ToList();
        var overlays = new[] { "staging", "production" }.SelectMany(overlay => Variable().Matches(File.ReadAllText(Path.Combine(Manifests.Folder, "overlays", overlay, "config.yaml"))).Select(m => m.Groups["name"].Value));
        // EVENT_SERVICE_URL is in the checklists' list for whoever calls the Event Service; ours asks it nothing.
        Findings.None(variables.Select(v => v.At("name")!).Concat(settings).Concat(overlays).Distinct().Where(name => name != "EVENT_SERVICE_URL" && !page.Contains($"`{name}`", StringComparison.Ordinal)));
        Findings.None(variables.Where(v => Secret().IsMatch(v.At("name")!) && v.At("valueFrom.secretKeyRef.key") != v.At("name")).Select(v => v.At("name")));
        Findings.None(settings.Where(name => Secret().IsMatch(name)));
        Assert.DoesNotContain(Manifests.Base, one => one.At("kind") == "Secret");
    }

    [Fact]
    public void Nobody_speaks_to_anybody_unless_a_rule_says_so()
    {
        var rules = Manifests.Base.Where(one => one.At("kind") == "NetworkPolicy").ToList();
        var closed = rules.Object("NetworkPolicy", "default-deny");
        Assert.Equal(["Ingress", "Egress"], closed.All("spec.policyTypes").Select(type => ((YamlScalarNode)type).Value));
        Assert.Empty(((YamlMappingNode)closed.Find("spec.podSelector")!).Children);
        Assert.Null(closed.Find("spec.ingress") ?? closed.Find("spec.egress"));
        foreach (var (name, port, _) in s_services) Assert.Equal(Text(port), rules.Object("NetworkPolicy", name).At("spec.ingress.0.ports.0.port"));
    }

    [Fact]
    public void Traces_and_reports_of_faults_may_leave()
    {
        var collector = Manifests.Base.Object("NetworkPolicy", "allow-collector");
        Assert.Equal(s_services.Select(service => service.Name), collector.All("spec.podSelector.matchExpressions.0.values").Select(name => ((YamlScalarNode)name).Value));
        Assert.Equal(("monitoring", "4317", "4318"),
            (collector.At("spec.egress.0.to.0.namespaceSelector.matchLabels.kubernetes~io/metadata~name"), collector.At("spec.egress.0.ports.0.port"), collector.At("spec.egress.0.ports.1.port")));
        foreach (var (name, _, _) in s_services)
        {
            var address = Assert.Single(Manifests.Base.Object("Deployment", name).Pod()!.All("containers.0.env"), one => one.At("name") == "SENTRY_DSN");
            Assert.Equal((name + "-secrets", "true"), (address.At("valueFrom.secretKeyRef.name"), address.At("valueFrom.secretKeyRef.optional")));
            var outside = Manifests.Base.Object("NetworkPolicy", name).All("spec.egress").Where(way => way.At("to.0.ipBlock.cidr") == "0.0.0.0/0");
            Assert.Equal("443", Assert.Single(outside).At("ports.0.port"));
        }
    }

    // For operators, other services and development.
    private static readonly string[] s_inside = ["/internal/", "/dev/", "/metrics", "/health/", "/docs", "/openapi"];

    [Fact]
    public void From_outside_only_the_api_can_be_reached_with_tls_and_within_limits()
    {
        foreach (var (name, _, _) in s_services)
        {
            var ingress = Manifests.Base.Object("Ingress", name);
            Assert.NotNull(ingress.At("spec.tls.0.secretName"));
            Assert.NotNull(ingress.At("metadata.annotations.nginx~ingress~kubernetes~io/limit-connections"));
            Assert.NotNull(ingress.At("metadata.annotations.nginx~ingress~kubernetes~io/limit-rps"));
            var paths = ingress.All("spec.rules.0.http.paths").Select(path => path.At("path")).ToList();
            if (name == "identity-service") Assert.DoesNotContain(paths, path => path is "/" or "/internal" or "/dev" or "/metrics");
            else Assert.Equal(["/api", "/.well-known", "/health"], paths);
        }
    }

    [Fact]
    public void Every_page_of_Identity_can_be_reached_from_outside()
    {
        using var identity = IdentityService.Build(Services.Settings());
        var paths = Manifests.Base.Object("Ingress", "identity-service").All("spec.rules.0.http.paths").Select(path => path.At("path")!).ToList();
        var routes = ((IEndpointRouteBuilder)identity).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().Select(route => $"/{route.RoutePattern.RawText?.Trim('/')}").ToList();
        Assert.Contains("/passkeys.js", routes);
        Findings.None(routes.Where(route => !s_inside.Any(inside => route.StartsWith(inside, StringComparison.Ordinal))
            && !paths.Any(path => route == path || route.StartsWith(path + "/", StringComparison.Ordinal))));
    }

    [Fact]
    public void The_organiser_is_made_by_a_job_that_may_reach_what_it_calls()
    {
        var job = Manifests.Setup.Object("Job", "admitone-setup");
        var values = Manifests.Setup.Object("ConfigMap", "admitone-setup-config").Find("data")!;
        var arguments = job.Pod()!.All("containers.0.args").Select(a => ((YamlScalarNode)a).Value!).ToList();
        Assert.Equal(["setup", "--json"], arguments[..2]);
        var command = Cli.Commands.SetupCommand.Create();
        Assert.Empty(arguments[2..].Where((_, n) => n % 2 == 0).Except(command.Options.Select(option => option.Name)));
        // Kubernetes leaves a name that it does not know as it stands.
        Assert.All(arguments[2..].Where((_, n) => n % 2 == 1), argument => Assert.NotNull(values.At(argument[2..^1])));
        var migration = Manifests.Base.Object("Job", "admitone-migrate").Pod()!;
        foreach (var part in new[] { "securityContext", "containers.0.securityContext", "containers.0.resources", "containers.0.image", "automountServiceAccountToken" })
            Assert.Equal(migration.Find(part), job.Pod()!.Find(part));
        Assert.Equal(["admitone-config", "admitone-setup-config"], job.Pod()!.All("containers.0.envFrom").Select(source => source.At("configMapRef.name")));
        Assert.Equal(("INTERNAL_API_KEY", "identity-service-secrets"), (job.Pod()!.At("containers.0.env.0.name"), job.Pod()!.At("containers.0.env.0.valueFrom.secretKeyRef.name")));
        Assert.Equal(job.At("spec.template.metadata.labels.app"), Manifests.Base.Object("NetworkPolicy", "setup").At("spec.podSelector.matchLabels.app"));
    }

    [Fact]
    public void Backups_are_made_every_night_and_kept_for_seven_days_four_weeks_and_six_months()
    {
        var arguments = Manifests.Base.Object("CronJob", "admitone-backup").Pod()!.All("containers.0.args").Select(a => ((YamlScalarNode)a).Value).ToList();
        Assert.Equal(["backup", "--to", "/backups", "--prune", "--keep", "7,4,6", "--metrics", "/backups/admitone_backup.prom"], arguments);
    }

    [Theory]
    [InlineData("staging")]
    [InlineData("production")]
    public void An_overlay_renders_and_names_every_image_by_its_digest(string overlay)
    {
        if (Manifests.Render(overlay) is not { } rendered)
        {
            Assert.Skip("kubectl is not installed.");
            return;
        }
        Assert.Equal(Manifests.Base.Count, rendered.Count);
        Assert.All(rendered, one => Assert.Equal(overlay, one.At("metadata.namespace")));
        var images = rendered.Where(one => one.Pod() is not null).SelectMany(one => one.Pod()!.All("containers")).Select(container => container.At("image")!).ToList();
        Assert.Equal(5, images.Count);
        Assert.All(images, image => Assert.Matches("^[a-z0-9.:-]+/admitone/(events|tickets|identity|admitone)@sha256:[0-9a-f]{64}$", image));
        Assert.Equal(overlay, rendered.Object("ConfigMap", "admitone-config").At("data.ENVIRONMENT"));
        Assert.Equal(overlay == "production" ? "DoNotSchedule" : "ScheduleAnyway", rendered.Object("Deployment", "ticket-service").Pod()!.At("topologySpreadConstraints.0.whenUnsatisfiable"));
        if (overlay == "production") Assert.Equal("verify-full", rendered.Object("ConfigMap", "admitone-config").At("data.DB_SSL_MODE"));
    }

    [Fact]
    public void Images_run_as_nobody_in_particular_and_say_how_they_are()
    {
        foreach (var (file, port) in new[] { ("events", EventsService.Definition.DefaultPort), ("tickets", TicketsService.Definition.DefaultPort), ("identity", IdentityService.Definition.DefaultPort) })
        {
            var text = File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "docker", "Dockerfile." + file));
            Assert.Contains("\nUSER 10001:10001\n", text, StringComparison.Ordinal);
            Assert.Contains($"PORT={port} ", text, StringComparison.Ordinal);
            Assert.Matches("HEALTHCHECK .*\"health\"\\]", text);
            Assert.Equal(2, From().Count(text));
        }
        Assert.Contains("\nUSER 10001:10001\n", File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "docker", "Dockerfile.admitone")), StringComparison.Ordinal);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex("^  (?<name>[A-Z][A-Z0-9_]+):", RegexOptions.Multiline)]
    private static partial Regex Variable();

    [GeneratedRegex("PASSWORD|SECRET|_KEY|_DSN")]
    private static partial Regex Secret();

    [GeneratedRegex("^FROM ", RegexOptions.Multiline)]
    private static partial Regex From();
}
