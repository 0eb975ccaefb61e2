namespace AdmitOne.Platform.Configuration;

/// <summary>What may be spoken to without TLS, even in production: what never leaves the machine or the cluster.</summary>
public static class NeighbourUrl
{
    public static bool IsInsideCluster(Uri url)
    {
        ArgumentNullException.ThrowIfNull(url);
        return url.IsLoopback || !url.Host.Contains('.') || url.Host.EndsWith(".svc", StringComparison.Ordinal) || url.Host.EndsWith(".cluster.local", StringComparison.Ordinal);
    }
}
