using System.Text.RegularExpressions;

namespace AdmitOne.UnitTests.Architecture;

/// <summary>
/// A capability folder is used by others only through its doors, and its tables are written by itself. Both lists are whole: a new line is a
/// decision that a reader of the change must see, and a line that nobody needs any more fails too.
/// </summary>
public sealed partial class FolderTests
{
    private static readonly Dictionary<string, string[]> s_doors = new()
    {
        ["Events/Catalogue"] = ["Categories", "CatalogueView"],
        ["Events/Events"] = ["EventProblems", "EventRows", "EventBody", "Organizer", "Visibility", "CodePolicy", "Slug", "WallTime", "WallMove", "EventExamples", "LockedEvent", "RefundWindow", "Removal", "EventTimes"],
        ["Events/Lifecycle"] = ["EventStatus", "EventStatuses", "Transitions"],
        ["Events/Schedule"] = ["ScheduleRows", "ScheduleEntry"],
        ["Events/Sections"] = ["SectionRows", "SectionProblems"],
        ["Events/Venues"] = ["VenuesClient", "Venue"],
        ["Tickets/Lanes"] = ["Lane", "LaneSet", "LaneCommand", "LaneMetrics", "LaneBatchSweeper"],
        // The lane and the commands that go through it: all that changes stock.
        ["Tickets/Inventory"] =
        [
            "EventLanes", "StockNews", "InventoryProblems", "Answer", "HoldStock", "ChangeHold", "HoldItem", "HoldIds", "ReleaseStock", "SweepExpired", "BeginPayment", "WantedTickets",
            "HoldMade", "HeldItem", "HeldFor", "PaymentWish", "PaymentTimes", "OpenPayment", "SettlePayment", "PaymentResult", "Settled", "PaidOrder", "KeyedRequest", "StoredAnswer",
            "RefundTickets", "RefundWish", "BookRefund", "DashboardRefund", "EndSales", "RefundableOrder", "RefundMade", "KeyedRefund", "WantedDiscounts", "CustomerLimit", "RefundPolicyState", "LeftOutTicket", "OrderContact", "BuyerStandings",
        ],
        ["Tickets/Reservations"] = ["HoldRows", "ReservationOptions", "WantedItem", "WantedItems"],
        ["Tickets/Payments"] =
        [
            "PaymentProviders", "StripeOptions", "StripeSignature", "ProviderPayment", "ProviderAnswer", "ProviderState", "ProviderAction", "ProviderRefund", "ProviderRefundResult", "ProviderRefundState",
            "PaymentProviderException", "PaymentOptions", "StripePayments", "StripeAmount", "StripeRefund", "StripeDispute", "CardAmounts",
        ],
        ["Tickets/Orders"] = ["MoneyText", "Order", "OrderRow", "OrderReading", "OrderPageKeys", "OrderExamples", "ShowReceipt", "Receipt"],
        ["Tickets/Refunds"] = ["ProviderRefunds", "RequestRefund", "RefundRequest", "Refund", "RefundPreview", "RefundExamples"],
        ["Tickets/Disputes"] = ["DisputeDesk"],
        ["Tickets/Tickets"] = ["TicketBlocks", "Ticket", "TicketRow", "TicketExamples", "TicketAttendee", "NameAttendee"],
        ["Tickets/Purchases"] = ["KeptAnswerResult", "PaymentDesk", "PurchaseAnswer", "PurchaseProblems"],
        ["Tickets/Cancellations"] = ["ReopenCancellation"],
        ["Tickets/Codes"] = ["CodeOptions", "ShowCode", "TicketCode", "TicketCodes", "KnownCodes", "OpenedCode", "RotatingCode", "SealedTicket", "CodeSeal", "CodeSigner", "TicketKey", "PackRecord", "PackedTicket", "PackedState", "ScannedText"],
        ["Tickets/Devices"] = ["AtTheDoor", "DeviceProblems"],
        // The price engine, what it needs to know of types and discounts, and bills as all show them.
        ["Tickets/Pricing"] =
        [
            "PriceEngine", "PriceItem", "PricePolicy", "PriceRule", "PriceRuleKind", "Fee", "FeePer", "Tax", "PercentAttribute", "DiscountTerms", "DiscountKind", "DiscountCodes",
            "PricingProblems", "Priced", "PricedTickets", "PriceLine", "PriceLineKind", "Bill", "ChargeLine", "ChargeStep", "ContainedTax", "Rounding", "SignedMoney",
        ],
        ["Tickets/Reports"] = ["ReportBounds", "SharedReport", "CsvExport", "CsvFile"],
        ["Tickets/TicketTypes"] = ["ReadableEvent"],
        ["Tickets/Search"] = ["SearchWords"],
    };

    private static readonly Dictionary<string, string[]> s_writers = new()
    {
        ["events.events"] = ["Events/Events", "Events/Lifecycle"],   // its text here, its status there
        ["events.event_transitions"] = ["Events/Lifecycle"],
        ["events.categories"] = ["Events/Catalogue"],
        ["events.schedule_entries"] = ["Events/Schedule"],
        ["events.sections"] = ["Events/Sections"],
        ["tickets.ticket_types"] = ["Tickets/TicketTypes"],
        ["tickets.stock"] = ["Tickets/Inventory", "Tickets/TicketTypes"],   // made with its type; what is held and sold moves in the lane
        ["tickets.section_stock"] = ["Tickets/Inventory"],
        ["tickets.reservations"] = ["Tickets/Inventory"],
        ["tickets.orders"] = ["Tickets/Inventory", "Tickets/Orders"],   // a guest's order, its tickets, offers and uses get a new owner when it is claimed
        ["tickets.order_items"] = ["Tickets/Inventory"],
        ["tickets.discounts"] = ["Tickets/Discounts", "Tickets/Inventory"],   // its terms there, its uses here
        ["tickets.discount_redemptions"] = ["Tickets/Inventory", "Tickets/Orders"],
        ["tickets.tickets"] = ["Tickets/Inventory", "Tickets/Tickets", "Tickets/Transfers", "Tickets/Minting", "Tickets/Orders", "Tickets/Scans"],   // made and ended with its order; blocked; given to a new owner; its token; touched when a scan is undone
        ["tickets.ticket_transfers"] = ["Tickets/Transfers", "Tickets/Orders"],
        ["tickets.mint_jobs"] = ["Tickets/Minting"],
        ["tickets.payments"] = ["Tickets/Inventory", "Tickets/Purchases"],   // its state moves with the order; when to ask again is the desk's
        ["tickets.refunds"] = ["Tickets/Inventory", "Tickets/Refunds"],   // owed with the tickets' death there, sent here
        ["tickets.disputes"] = ["Tickets/Disputes"],
        ["tickets.cancellations"] = ["Tickets/Cancellations"],
        ["tickets.cancellation_orders"] = ["Tickets/Cancellations"],
        ["tickets.ticket_codes"] = ["Tickets/Codes"],
        ["tickets.ticket_validations"] = ["Tickets/Scans"],
        ["tickets.webhook_endpoints"] = ["Tickets/Webhooks"],
        ["tickets.webhook_deliveries"] = ["Tickets/Webhooks"],
        ["tickets.admissions"] = ["Tickets/Scans"],
        ["tickets.offline_scans"] = ["Tickets/Scans"],
        ["tickets.scan_conflicts"] = ["Tickets/Scans"],
        ["tickets.unreadable_scans"] = ["Tickets/Scans"],
        ["tickets.devices"] = ["Tickets/Devices"],
        ["tickets.lane_batches"] = ["Tickets/Lanes"],
    };

    private static readonly string[] s_services = ["Events", "Tickets"];

    [Fact]
    public void Folders_use_one_another_through_their_doors_only()
    {
        var used = new HashSet<string>();
        var forbidden = new List<string>();
        foreach (var service in s_services)
        {
            var homes = Types(service);
            foreach (var (path, folder, text) in Files(service))
            {
                foreach (var (type, home) in homes)
                {
                    if (home == folder || !Names(text, service, home, type)) continue;
                    used.Add($"{home}: {type}");
                    if (!s_doors.TryGetValue(home, out var doors) || !doors.Contains(type)) forbidden.Add($"{path} uses {type} of {home}");
                }
            }
        }
        Findings.None(forbidden);
        Findings.None(s_doors.SelectMany(d => d.Value.Select(type => $"{d.Key}: {type}")).Except(used));
    }

    [Fact]
    public void A_table_is_written_by_its_own_folder()
    {
        var written = s_services.SelectMany(Files)
            .SelectMany(file => Write().Matches(file.Text).Select(write => (Table: write.Groups["table"].Value, file.Folder)))
            .Where(write => !write.Table.StartsWith("platform.", StringComparison.Ordinal)).ToHashSet();
        var allowed = s_writers.SelectMany(w => w.Value.Select(folder => (Table: w.Key, Folder: folder))).ToHashSet();
        Findings.None(written.Except(allowed));
        Findings.None(allowed.Except(written));
    }

    private static IEnumerable<(string Path, string Folder, string Text)> Files(string service)
    {
        foreach (var folder in Directory.EnumerateDirectories(Checkout.ProjectFolder(service)).Where(f => Path.GetFileName(f) is not ("bin" or "obj")))
            foreach (var (path, text) in Checkout.CodeBelow(folder))
                yield return (path, $"{service}/{Path.GetFileName(folder)}", Comment().Replace(text, ""));
    }

    private static List<(string Type, string Home)> Types(string service) =>
        [.. Files(service).SelectMany(file => Declaration().Matches(file.Text).Select(m => (m.Groups["name"].Value, file.Folder))).Distinct()];

    // By its bare name where the home's namespace is imported, or behind the folder's name.
    private static bool Names(string text, string service, string home, string type)
    {
        var folder = home.Split('/')[1];
        return (Regex.IsMatch(text, $@"^using (static )?AdmitOne\.{service}\.{folder}\b", RegexOptions.Multiline) && Regex.IsMatch(text, $@"(?<![\w.""/]){type}\b(?!"")"))
            || Regex.IsMatch(text, $@"(?<![\w/]){folder}\.{type}\b");
    }

    [GeneratedRegex(@"//.*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"^(?:public|internal) (?:static |sealed |abstract |partial |readonly )*(?:class|record struct|record|enum|interface|struct) (?<name>\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"\b(?:insert into|(?<!\bfor )(?<!\bdo )update|delete from)\s+(?<table>(?:events|tickets|platform)\.\w+)", RegexOptions.IgnoreCase)]
    private static partial Regex Write();
}
