using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace AdmitOne.Platform.Http;

/// <summary>
/// 200 with a value as JSON, written in one piece with its length: for routes of a rush, where the framework's own result, which writes a stream of any
/// length, takes longer than the handler.
/// </summary>
public sealed class Answer<T>(T value) : IResult, IEndpointMetadataProvider
{
    private static readonly JsonTypeInfo<T> s_type = (JsonTypeInfo<T>)Json.Answers.GetTypeInfo(typeof(T));

    static void IEndpointMetadataProvider.PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(T), ["application/json"]));

    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        return httpContext.Response.WriteWholeAsync(JsonSerializer.SerializeToUtf8Bytes(value, s_type));
    }
}

internal static class WholeAnswers
{
    /// <summary>Writes all of a JSON answer at once, with its length.</summary>
    public static Task WriteWholeAsync(this HttpResponse response, ReadOnlyMemory<byte> body)
    {
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = body.Length;
        return response.Body.WriteAsync(body, CancellationToken.None).AsTask();   // the server itself gives up one who leaves, or who reads too slowly
    }
}
