namespace AdmitOne.Cli.Checklists;

/// <summary>The Event Service's production checklist (docs/checklists/event-service.md), line by line, and who looks at each.</summary>
internal static class EventChecklist
{
    private const string Page = "docs/checklist.md";

    private static readonly Looks s_look = new("events");

    public static IReadOnlyList<ChecklistLine> Lines { get; } =
    [
        new("1. Code Quality ✅", "All tests passing (95+ test cases)", s_look.Tests, Page),
        new("1. Code Quality ✅", "TypeScript compilation successful", s_look.Tests, Page),
        Person("1. Code Quality ✅", "No linter errors", "build"),
        Person("1. Code Quality ✅", "Code review completed", "code-review"),
        new("1. Code Quality ✅", "Load testing completed (1000+ concurrent users)", s_look.Load("errors|p95", 1000), Page),
        new("1. Code Quality ✅", "Performance benchmarks met", s_look.Benchmarks, Page),

        new("2. Security Hardening ✅", "Environment variable validation implemented", s_look.Variables, Page),
        new("2. Security Hardening ✅", "Input validation and sanitization (XSS, SSRF, SQL injection)", Looks.TestsOf("Fuzz"), Page),
        new("2. Security Hardening ✅", "Authentication and authorization enforced", s_look.TokenNeeded, Page),
        new("2. Security Hardening ✅", "Tenant isolation implemented", s_look.Tenants, Page),
        new("2. Security Hardening ✅", "Rate limiting configured", s_look.LimitHeaders, Page),
        new("2. Security Hardening ✅", "Error responses sanitized (no information leakage)", Looks.TestsOf("BadInput"), Page),
        new("2. Security Hardening ✅", "HTTPS/TLS configured", s_look.Tls, Page),
        new("2. Security Hardening ✅", "Secrets stored in environment variables (not in code)", s_look.Manifest("secrets by reference only", @"secretKeyRef"), Page),

        new("3. Database Readiness ✅", "Migrations tested", s_look.MigrationDrill, Page),
        new("3. Database Readiness ✅", "Performance indexes created", s_look.AccessPaths, Page),
        new("3. Database Readiness ✅", "Backup strategy defined", Looks.File("docs/backup.md", "how to back up, restore, and to a chosen second", @"admitone backup", @"admitone restore", @"(?i)point.in.time|PITR|chosen second"), Page),
        new("3. Database Readiness ✅", "Migrations applied to production database", s_look.Schema, Page),
        new("3. Database Readiness ✅", "Connection pooling configured (min: 2, max: 10)", Looks.Both(s_look.Number("DB_POOL_MIN", 2, 2), s_look.Number("DB_POOL_MAX", 10, 10), s_look.Pools), Page),
        Person("3. Database Readiness ✅", "Database credentials rotated", "rotations"),

        new("4. Monitoring & Observability ✅", "Prometheus metrics endpoint exposed", s_look.Metrics, Page),
        new("4. Monitoring & Observability ✅", "Grafana dashboard created", s_look.Panels, Page),
        new("4. Monitoring & Observability ✅", "Alert rules configured", s_look.Alerts, Page),
        new("4. Monitoring & Observability ✅", "Alert notifications configured (PagerDuty/Slack)", Looks.File("deploy/alertmanager/alertmanager.yml", "PagerDuty and Slack", @"pagerduty_configs:", @"slack_configs:"), Page),
        new("4. Monitoring & Observability ✅", "Structured logging implemented", s_look.OneOf("LOG_FORMAT", "json", "json"), Page),
        Person("4. Monitoring & Observability ✅", "Log aggregation configured (ELK/CloudWatch)", "log-collection"),

        new("5. Infrastructure ✅", "Health check endpoint implemented", s_look.Healthy, Page),
        new("5. Infrastructure ✅", "Graceful shutdown implemented", s_look.Manifest("time to finish what is in flight", @"terminationGracePeriodSeconds: (3\d|[4-9]\d)"), Page),
        new("5. Infrastructure ✅", "Docker image built and tested", Looks.File("deploy/docker/Dockerfile.events", "an image that runs as nobody in particular", @"^USER ", @"(?i)HEALTHCHECK|health"), Page),
        Person("5. Infrastructure ✅", "Container registry configured", "registry"),
        new("5. Infrastructure ✅", "Kubernetes manifests ready", s_look.Manifest("a Deployment, a Service and their ConfigMap", @"kind: Deployment", @"kind: Service", @"kind: ConfigMap"), Page),
        new("5. Infrastructure ✅", "Resource limits defined (CPU, Memory)", s_look.Manifest("requests 512Mi and 500m, limits 1Gi and 1000m", @"requests: \{ memory: 512Mi, cpu: 500m \}", @"limits: \{ memory: 1Gi, cpu: (1000m|\W?1\W?) \}"), Page),
        new("5. Infrastructure ✅", "Auto-scaling policies configured", s_look.Manifest("3 to 10 replicas at 70 %", @"kind: HorizontalPodAutoscaler", @"minReplicas: 3", @"maxReplicas: 10", @"averageUtilization: 70"), Page),

        new("Phase 1: Pre-Production Verification", "1. Run all tests", s_look.Tests, Page),
        new("Phase 1: Pre-Production Verification", "2. Build production bundle", Looks.File("deploy/docker/Dockerfile.events", "an image that runs as nobody in particular", @"^USER ", @"(?i)HEALTHCHECK|health"), Page),
        new("Phase 1: Pre-Production Verification", "3. Run migrations (staging)", s_look.Schema, Page),
        new("Phase 1: Pre-Production Verification", "4. Verify environment variables", s_look.Variables, Page),
        new("Phase 1: Pre-Production Verification", "5. Run load tests", s_look.Load("errors|p95", 1000), Page),

        Person("Phase 2: Database Migration", "1. Backup production database", "backup-before-migration"),
        new("Phase 2: Database Migration", "2. Apply migrations", s_look.Schema, Page),
        new("Phase 2: Database Migration", "3. Verify migration", s_look.Schema, Page),

        new("Phase 3: Service Deployment", "1. Build Docker image", Looks.File("deploy/docker/Dockerfile.events", "an image that runs as nobody in particular", @"^USER ", @"(?i)HEALTHCHECK|health"), Page),
        Person("Phase 3: Service Deployment", "2. Push to registry", "registry"),
        Person("Phase 3: Service Deployment", "3. Deploy to Kubernetes", "cluster"),
        Person("Phase 3: Service Deployment", "4. Verify deployment", "cluster"),

        new("Phase 4: Post-Deployment Verification", "1. Health check", s_look.Healthy, Page),
        new("Phase 4: Post-Deployment Verification", "2. Metrics check", s_look.Metrics, Page),
        Person("Phase 4: Post-Deployment Verification", "3. Smoke tests", "smoke-tests"),
        Person("Phase 4: Post-Deployment Verification", "4. Monitor logs", "log-collection"),

        new("Required Variables", "`PORT` - Service port (default: 3003)", s_look.Port("PORT", "3003"), Page),
        new("Required Variables", "`NODE_ENV` - Set to 'production'", s_look.OneOf("ENVIRONMENT", null, "production"), Page),
        new("Required Variables", "`LOG_LEVEL` - Set to 'info' or 'warn'", s_look.OneOf("LOG_LEVEL", "info", "info", "warn"), Page),
        new("Required Variables", "`LOG_FORMAT` - Set to 'json'", s_look.OneOf("LOG_FORMAT", "json", "json"), Page),

        new("Database", "`DB_HOST` - PostgreSQL host", s_look.Given("DB_HOST"), Page),
        new("Database", "`DB_PORT` - PostgreSQL port (5432)", s_look.Port("DB_PORT", "5432"), Page),
        new("Database", "`DB_NAME` - Database name", s_look.Given("DB_NAME"), Page),
        new("Database", "`DB_USER` - Database user", s_look.Given("DB_USER"), Page),
        new("Database", "`DB_PASSWORD` - Database password (from secrets)", s_look.Given("DB_PASSWORD"), Page),
        new("Database", "`DB_POOL_MIN` - Min connections (2)", s_look.Number("DB_POOL_MIN", 2, 2), Page),
        new("Database", "`DB_POOL_MAX` - Max connections (10)", s_look.Number("DB_POOL_MAX", 10, 10), Page),

        new("Redis", "`REDIS_HOST` - Redis host", s_look.Given("REDIS_HOST"), Page),
        new("Redis", "`REDIS_PORT` - Redis port (6379)", s_look.Port("REDIS_PORT", "6379"), Page),
        new("Redis", "`REDIS_PASSWORD` - Redis password (from secrets)", s_look.Given("REDIS_PASSWORD"), Page),
        new("Redis", "`REDIS_DB` - Redis database number", s_look.Given("REDIS_DB", "0"), Page),

        new("Service Integration", "`VENUE_SERVICE_URL` - Venue service endpoint", s_look.Url("VENUE_SERVICE_URL"), Page),
        new("Service Integration", "`AUTH_SERVICE_URL` - Auth service endpoint", s_look.Url("AUTH_SERVICE_URL"), Page),
        new("Service Integration", "`INTERNAL_API_KEY` - Internal service authentication key", s_look.Secret("INTERNAL_API_KEY"), Page),

        new("Rate Limiting", "`RATE_LIMIT_WINDOW_MS` - Window in milliseconds (60000)", s_look.Number("RATE_LIMIT_WINDOW_MS", 60_000, 60_000), Page),
        new("Rate Limiting", "`RATE_LIMIT_MAX_REQUESTS` - Max requests per window (100)", s_look.Number("RATE_LIMIT_MAX_REQUESTS", 100, 100), Page),

        new("Monitoring", "`METRICS_PORT` - Metrics port (if separate)", s_look.Given("METRICS_PORT", "6000 above PORT"), Page),
        new("Monitoring", "`SENTRY_DSN` - Error tracking (optional)", s_look.Given("SENTRY_DSN", "nothing, which is allowed"), Page),

        Person("Immediate Rollback", "1. Revert to previous version", "cluster"),
        Person("Immediate Rollback", "2. Verify rollback", "cluster"),
        new("Immediate Rollback", "3. Check health", s_look.Healthy, Page),

        new("Database Rollback", "1. Restore database backup", s_look.RestoreDrill, Page),
        new("Database Rollback", "2. Rollback migrations", Looks.File("docs/rollback.md", "the decision tree, and how to go back", @"(?i)decision|decide", @"rollout undo|migrate down"), Page),

        new("First 24 Hours", "Monitor error rates (< 1%)", s_look.ErrorRate, Page),
        new("First 24 Hours", "Monitor response times (p95 < 1s)", s_look.Latency, Page),
        new("First 24 Hours", "Monitor CPU usage (< 80%)", s_look.Cpu, Page),
        new("First 24 Hours", "Monitor memory usage (< 80%)", s_look.Memory, Page),
        new("First 24 Hours", "Monitor database connections", s_look.PoolUse, Page),
        new("First 24 Hours", "Monitor Redis hit rate (> 90%)", s_look.HitRate(0.9), Page),
        Person("First 24 Hours", "Check alert notifications", "alerts"),
        Person("First 24 Hours", "Review logs for errors", "first-day"),

        Person("First Week", "Performance trending analysis", "first-week"),
        Person("First Week", "Capacity planning review", "first-week"),
        Person("First Week", "Security audit logs review", "first-week"),
        Person("First Week", "User feedback collection", "first-week"),
        Person("First Week", "Incident retrospective (if any)", "first-week"),

        Person("Emergency Contacts", "**On-Call Engineer:** [Name/Contact]", "contacts"),
        Person("Emergency Contacts", "**Database Admin:** [Name/Contact]", "contacts"),
        Person("Emergency Contacts", "**DevOps Lead:** [Name/Contact]", "contacts"),
        Person("Emergency Contacts", "**Security Team:** [Name/Contact]", "contacts"),

        new("Success Criteria", "Service is accessible and responding to health checks", s_look.Healthy, Page),
        new("Success Criteria", "All critical alerts are silent", s_look.Critical, Page),
        new("Success Criteria", "Error rate < 1%", s_look.ErrorRate, Page),
        new("Success Criteria", "Response time p95 < 1 second", s_look.Latency, Page),
        new("Success Criteria", "CPU usage < 80%", s_look.Cpu, Page),
        new("Success Criteria", "Memory usage < 80%", s_look.Memory, Page),
        new("Success Criteria", "No database connection errors", s_look.ConnectionErrors, Page),
        new("Success Criteria", "Rate limiting functioning correctly", s_look.LimitHeaders, Page),
        new("Success Criteria", "Monitoring dashboards showing green metrics", s_look.PanelData, Page),
        new("Success Criteria", "No critical security vulnerabilities", Looks.File("docs/dependencies.md", "the audit is dated, and its result stands there", @"\d{4}-\d\d-\d\d: .*(0 known vulnerabilities|0 of them critical)"), Page),

        Person("Sign-Off", "Engineering Lead: _________________ Date: _______", "sign-off"),
        Person("Sign-Off", "DevOps Lead: _________________ Date: _______", "sign-off"),
        Person("Sign-Off", "Security Lead: _________________ Date: _______", "sign-off"),
        Person("Sign-Off", "Product Owner: _________________ Date: _______", "sign-off"),
    ];

    private static ChecklistLine Person(string section, string text, string duty) => new(section, text, null, "docs/duties.md#" + duty);
}
