using AdmitOne.Platform.Configuration;
using AdmitOne.Platform.Hosting;
using AdmitOne.Tickets.Administration;
using AdmitOne.Tickets.Cancellations;
using AdmitOne.Tickets.Codes;
using AdmitOne.Tickets.Devices;
using AdmitOne.Tickets.Discounts;
using AdmitOne.Tickets.Guests;
using AdmitOne.Tickets.Internal;
using AdmitOne.Tickets.Inventory;
using AdmitOne.Tickets.Minting;
using AdmitOne.Tickets.OrderPages;
using AdmitOne.Tickets.Orders;
using AdmitOne.Tickets.Payments;
using AdmitOne.Tickets.Pricing;
using AdmitOne.Tickets.Purchases;
using AdmitOne.Tickets.Refunds;
using AdmitOne.Tickets.Reports;
using AdmitOne.Tickets.Reservations;
using AdmitOne.Tickets.Scans;
using AdmitOne.Tickets.Tickets;
using AdmitOne.Tickets.TicketTypes;
using AdmitOne.Tickets.Transfers;
using AdmitOne.Tickets.Webhooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AdmitOne.Tickets;

/// <summary>The Ticket Service: its features, and nothing else.</summary>
public static class TicketsService
{
    public static readonly ServiceDefinition Definition = new("ticket-service", "AdmitOne Ticket Service", DefaultPort: 3004, DefaultPoolMax: 20, SchemaVersion: 34);

    /// <summary>Puts the service together from its own configuration, without starting it.</summary>
    /// <param name="configuration">The flat names of <c>docs/configuration.md</c>; nothing else is read.</param>
    /// <param name="configure">What a test changes before the service is built.</param>
    public static WebApplication Build(IConfiguration configuration, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = ServiceHost.CreateBuilder(Definition, configuration);
        builder.Services.AddValidation();
        builder.Services.AddTicketTypes();
        builder.Services.AddReports();
        builder.Services.AddInventory();
        builder.Services.AddOrders();
        builder.Services.AddOrderPages();
        builder.Services.AddGuests();
        builder.Services.AddReservations();
        builder.Services.AddPayments();
        builder.Services.AddPurchases();
        builder.Services.AddRefunds();
        builder.Services.AddCancellations();
        builder.Services.AddCodes();
        builder.Services.AddDevices();
        builder.Services.AddScans();
        builder.Services.AddAdministration();
        builder.Services.AddWebhooks();
        builder.Services.AddTransfers();
        builder.Services.AddMinting(configuration);
        configure?.Invoke(builder);

        var app = builder.Build();
        var v1 = app.UsePlatform();
        v1.MapTicketTypes();
        v1.MapPricing();
        v1.MapDiscounts();
        v1.MapGuests();
        v1.MapReservations();
        ShowPaymentMethods.Map(v1);
        v1.MapPurchases();
        v1.MapOrders();
        v1.MapOrderPages();
        v1.MapRefunds();
        v1.MapTickets();
        v1.MapCodes();
        v1.MapDevices();
        v1.MapScans();
        v1.MapTransfers();
        v1.MapMinting();
        app.MapTicketKeys();
        v1.MapInventory();
        app.MapInternal();
        v1.MapWebhooks();
        v1.MapAdministration();
        app.MapCancellations();
        return app;
    }

    public static Task<int> Main(string[] args)
    {
        var configuration = ServiceEnvironment.Read("TICKETS_");
        return ServiceHost.RunAsync(Definition, configuration, args, () => Build(configuration));
    }
}
