using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Http;

/// <summary>HEAD is GET without the body (RFC 9110 §9.3.2): it finds the same route, and the server drops what that writes.</summary>
internal static class HeadRequests
{
    private static readonly object s_wasHead = new();

    /// <summary>Routes, with HEAD taken for GET while the route is chosen; whatever comes after sees the method that was sent.</summary>
    public static void UseHeadAsGet(this WebApplication app)
    {
        app.Use(next => context =>
        {
            if (HttpMethods.IsHead(context.Request.Method)) (context.Items[s_wasHead], context.Request.Method) = (s_wasHead, HttpMethods.Get);
            return next(context);
        });
        app.UseRouting();
        app.Use(next => context =>
        {
            if (context.Items.Remove(s_wasHead)) context.Request.Method = HttpMethods.Head;
            return next(context);
        });
    }
}
