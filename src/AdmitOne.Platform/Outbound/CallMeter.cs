namespace AdmitOne.Platform.Outbound;

/// <summary>Counts the calls that pass through it.</summary>
internal sealed class CallMeter(string neighbour, NeighbourMetrics metrics) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await base.SendAsync(request, cancellationToken);
            metrics.Answered(neighbour, (int)answer.StatusCode);
            return answer;
        }
        catch (OperationCanceledException)
        {
            metrics.GivenUp(neighbour);
            throw;
        }
        catch (HttpRequestException)
        {
            metrics.Failed(neighbour);
            throw;
        }
    }
}
