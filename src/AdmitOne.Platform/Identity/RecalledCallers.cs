using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Identity;

/// <summary>Lets whoever was found good a moment ago pass by the framework's authentication, which makes a dozen objects to ask what is known already.</summary>
internal sealed class RecalledCallers(RequestDelegate next, TokenChecks checks)
{
    public Task InvokeAsync(HttpContext context)
    {
        var recalled = checks.RecallAsync(context);
        return recalled.IsCompletedSuccessfully ? next(context) : WaitAsync(context, recalled);
    }

    private async Task WaitAsync(HttpContext context, ValueTask recalled)
    {
        await recalled;
        await next(context);
    }
}
