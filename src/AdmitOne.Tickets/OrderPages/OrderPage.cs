using AdmitOne.Platform.Identity;
using AdmitOne.Platform.Postgres;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Orders;

namespace AdmitOne.Tickets.OrderPages;

/// <summary>Opens an order by its number and its page's key.</summary>
internal sealed class OrderPage(Database database, OrderPageKeys keys)
{
    /// <summary>A wrong number and a wrong key are answered alike.</summary>
    public static readonly Refusal NoSuch = PlatformProblems.NotFound.With("There is no such order, or the key is not its page's.");

    /// <returns>Null if there is no such order, or the key is another's.</returns>
    public async Task<OpenedOrder?> FindAsync(string number, string key, CancellationToken cancellationToken)
    {
        if (keys.FindTenant(number, key) is not { } tenantId) return null;
        var look = database.Look(tenantId);
        var order = await look.FindAsync<OrderRow>($"select {OrderRow.Columns}, {OrderRow.SoldColumns} from tickets.orders o {OrderRow.SoldFrom} where o.tenant_id = @tenantId and o.order_number = @number",
            new { tenantId, number }, cancellationToken);
        return order is null ? null : new OpenedOrder(look, order);
    }
}

/// <summary>An order whose page was opened.</summary>
internal sealed record OpenedOrder(TenantLook Look, OrderRow Order)
{
    /// <summary>A caller with the rights of its owner. What was sold at the box office has no owner; the caller then owns nothing.</summary>
    public Caller Owner { get; } = new(Look.TenantId, Order.UserId ?? Guid.Empty, Roles.Customer, "");

    /// <summary>Whether a ticket is still the buyer's. One that was given away is shown to its new holder alone.</summary>
    public bool Has(Guid orderId, Guid? holderId) => orderId == Order.Id && holderId == Order.UserId;
}
