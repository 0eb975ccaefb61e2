namespace AdmitOne.Tickets.Inventory;

/// <summary>Whom an order is for, as it was said with the payment. Nothing of it is verified.</summary>
/// <param name="Email">Where its messages go, in the spelling by which addresses are compared; null for nowhere.</param>
/// <param name="Name">The buyer's.</param>
/// <param name="Language">A tag of BCP 47, such as <c>nl</c> or <c>pt-BR</c>.</param>
/// <param name="IsGuest">The buyer has no sign-in: the first verified sign-in with the address may claim the order.</param>
internal sealed record OrderContact(string? Email, string? Name, string? Language, bool IsGuest)
{
    public static readonly OrderContact None = new(null, null, null, IsGuest: false);
}
