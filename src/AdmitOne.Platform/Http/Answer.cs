using System.Buffers;
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
    private const string ContentType = "application/json; charset=utf-8";

    private static readonly JsonTypeInfo<T> s_type = (JsonTypeInfo<T>)Json.Answers.GetTypeInfo(typeof(T));

    static void IEndpointMetadataProvider.PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(T), ["application/json"]));
    }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var paper = Paper.Take();
        JsonSerializer.Serialize(paper.Writer, value, s_type);
        var response = httpContext.Response;
        response.ContentType = ContentType;
        response.ContentLength = paper.Text.Length;
        var written = response.Body.WriteAsync(paper.Text, CancellationToken.None);   // the server itself gives up one who leaves, or who reads too slowly
        if (!written.IsCompletedSuccessfully) return WaitAsync(written, paper);
        paper.PutBack();
        return Task.CompletedTask;
    }

    private static async Task WaitAsync(ValueTask written, Paper paper)
    {
        await written;
        paper.PutBack();
    }
}

/// <summary>What an answer is written on before it is sent; each thread keeps one for the next.</summary>
internal sealed class Paper
{
    private const int UsualBytes = 1024;
    private const int MaxKeptBytes = 64 * 1024;

    [ThreadStatic]
    private static Paper? t_spare;

    private readonly ArrayBufferWriter<byte> _bytes = new(UsualBytes);

    private Paper() => Writer = new Utf8JsonWriter(_bytes, new JsonWriterOptions { Encoder = Json.Answers.Encoder, MaxDepth = Json.MaxDepth, SkipValidation = true });

    public Utf8JsonWriter Writer { get; }

    public ReadOnlyMemory<byte> Text => _bytes.WrittenMemory;

    public static Paper Take()
    {
        var paper = t_spare ?? new Paper();
        t_spare = null;
        return paper;
    }

    /// <summary>Its text is not needed any more.</summary>
    public void PutBack()
    {
        if (_bytes.Capacity > MaxKeptBytes) return;
        _bytes.ResetWrittenCount();
        Writer.Reset();
        t_spare = this;
    }
}
