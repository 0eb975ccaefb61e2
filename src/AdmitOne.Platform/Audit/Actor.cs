using System.Diagnostics;
using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Outbound;
using Microsoft.AspNetCore.Http;

namespace AdmitOne.Platform.Audit;

public enum ActorKind { User, Device, Service, System }

/// <summary>Who did something, and from where. A handler takes it as a parameter; a worker names itself with <see cref="OfSystem"/>.</summary>
/// <param name="Id">The user's or the device's.</param>
/// <param name="Name">The role of a user, the name of a service, worker or device.</param>
/// <param name="ClientAddress">Of the caller's side of the connection, or what a trusted proxy said of it.</param>
/// <param name="RequestId">What the answer's <c>X-Request-Id</c> says.</param>
public sealed record Actor(ActorKind Kind, Guid? Id, string Name, string? ClientAddress, string? RequestId)
{
    /// <summary>Where whatever authenticates a caller that is neither a user nor a service puts who it is.</summary>
    public static readonly object Item = new();

    /// <param name="name">Of a worker or a command, such as <c>cancellation</c> or <c>cli</c>.</param>
    public static Actor OfSystem(string name) => new(ActorKind.System, null, name, null, null);

    public static ValueTask<Actor> BindAsync(HttpContext context) => ValueTask.FromResult(Of(context));

    /// <summary>Nobody who is known is the system's <c>anonymous</c>.</summary>
    public static Actor Of(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (address, request) = (context.Connection.RemoteIpAddress?.ToString(), Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier);
        if (context.Items[Item] is Actor known) return known with { ClientAddress = address, RequestId = request };
        if (context.Items[Caller.Item] is Caller caller) return new Actor(ActorKind.User, caller.UserId, caller.Role, address, request);
        return context.Items[SignedCaller.Item] is SignedCaller service
            ? new Actor(ActorKind.Service, null, service.Service, address, request)
            : new Actor(ActorKind.System, null, "anonymous", address, request);
    }
}
