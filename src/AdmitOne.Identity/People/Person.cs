using Microsoft.AspNetCore.Identity;

namespace AdmitOne.Identity.People;

/// <summary>
/// An account. <see cref="IdentityUser{TKey}.Email"/> is folded as addresses are compared; an address has one account that confirmed it and any number that
/// did not. The user name is the id: nobody signs in by it.
/// </summary>
public sealed class Person : IdentityUser<Guid>
{
    /// <summary>As the person writes it.</summary>
    public string Name { get; set; } = "";

    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>When an account that has not confirmed its address was first used.</summary>
    public DateTimeOffset? SignedInAt { get; set; }

    /// <param name="knownId">The id that a passkey was created for; a new one if null.</param>
    public static Person New(string email, string name, TimeProvider clock, Guid? knownId = null)
    {
        ArgumentNullException.ThrowIfNull(clock);
        var id = knownId ?? Guid.CreateVersion7(clock.GetUtcNow());
        return new Person { Id = id, UserName = id.ToString("n"), Email = email, Name = name, CreatedAt = clock.GetUtcNow() };
    }
}
