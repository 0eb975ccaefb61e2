using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Outbound;

namespace AdmitOne.Events.Events;

/// <summary>An https address that anybody can reach: no private, loopback or link-local host, no user name in it.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PublicAddressAttribute() : ValidationAttribute("Must be an https address on a public host.")
{
    public override bool IsValid(object? value) => value is null || (value is string text && PublicAddresses.IsPublicHttps(text));
}
