using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Http;

/// <summary>Makes the API document once and answers it from memory: it is the same for everybody, and making it takes so much processor time that a few hundred calls would stop a sale.</summary>
internal sealed class KeptApiDocument(RequestDelegate next) : IDisposable
{
    public const string Path = "/openapi/v1.json";

    private readonly SemaphoreSlim _one = new(1, 1);
    private volatile byte[]? _document;

    public void Dispose() => _one.Dispose();

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Request.Path != Path || !HttpMethods.IsGet(context.Request.Method))
        {
            await next(context);
            return;
        }
        if ((_document ?? await MakeAsync(context)) is not { } document) return;
        context.Response.ContentType = "application/json;charset=utf-8";
        context.Response.ContentLength = document.Length;
        await context.Response.Body.WriteAsync(document, context.RequestAborted);
    }

    /// <returns>null if it cannot be made; the response then has the reason.</returns>
    private async Task<byte[]?> MakeAsync(HttpContext context)
    {
        await _one.WaitAsync(context.RequestAborted);
        var body = context.Response.Body;
        try
        {
            if (_document is not null) return _document;
            using var made = new MemoryStream();
            context.Response.Body = made;
            await next(context);
            context.Response.Body = body;
            if (context.Response.StatusCode == StatusCodes.Status200OK) return _document = made.ToArray();
            made.Position = 0;
            await made.CopyToAsync(body, context.RequestAborted);
            return null;
        }
        finally
        {
            context.Response.Body = body;
            _one.Release();
        }
    }
}
