using AdmitOne.Events.Lifecycle;

namespace AdmitOne.UnitTests.Events;

public sealed class TransitionsTests
{
    // The contract's table, word for word: what is not here is refused.
    private const string Contract = """
        draft: review, published, cancelled
        review: approved, draft, cancelled
        approved: published, draft, cancelled
        published: on_sale, postponed, cancelled
        on_sale: sales_paused, sold_out, in_progress, postponed, cancelled
        sales_paused: on_sale, in_progress, postponed, cancelled
        sold_out: on_sale, sales_paused, in_progress, postponed, cancelled
        in_progress: completed, cancelled
        completed:
        postponed: rescheduled, cancelled
        rescheduled: published, on_sale, cancelled
        cancelled:
        """;

    private static readonly Dictionary<string, string[]> s_contract = Contract.Split('\n')
        .Select(line => line.Split(':')).ToDictionary(l => l[0].Trim(), l => l[1].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    [Fact]
    public void Every_pair_of_states_is_allowed_or_refused_as_the_contract_says()
    {
        foreach (var from in Enum.GetValues<EventStatus>())
        {
            foreach (var to in Enum.GetValues<EventStatus>())
                Assert.True(Transitions.Allow(from, to) == s_contract[from.Word()].Contains(to.Word()), $"{from} to {to}");
            Assert.Equal(s_contract[from.Word()], Transitions.From(from).Select(s => s.Word()));
            Assert.Equal(s_contract[from.Word()].Length == 0, Transitions.IsFinal(from));
        }
    }

    [Fact]
    public void The_words_are_the_contracts_and_read_back()
    {
        Assert.Equal(s_contract.Keys.Order(), EventStatuses.Words.Order());
        Assert.All(Enum.GetValues<EventStatus>(), status => Assert.Equal(status, EventStatuses.Read(status.Word())));
        Assert.False(EventStatuses.TryRead("OnSale", out _));
        Assert.False(EventStatuses.TryRead("", out _));
    }

    [Fact]
    public void Selling_begins_only_where_it_was_not_begun_before()
    {
        Assert.True(Transitions.BeginSelling(EventStatus.Published, EventStatus.OnSale));
        Assert.True(Transitions.BeginSelling(EventStatus.Rescheduled, EventStatus.OnSale));
        Assert.False(Transitions.BeginSelling(EventStatus.SalesPaused, EventStatus.OnSale));
        Assert.False(Transitions.BeginSelling(EventStatus.SoldOut, EventStatus.OnSale));
        Assert.False(Transitions.BeginSelling(EventStatus.Rescheduled, EventStatus.Published));
    }

    [Fact]
    public void What_closes_sales_is_what_leaves_no_selling_state()
    {
        EventStatus[] selling = [EventStatus.OnSale, EventStatus.SoldOut, EventStatus.InProgress];
        foreach (var from in selling)
            foreach (var to in Transitions.From(from))
                Assert.Equal(!selling.Contains(to), Transitions.CloseSales(to));
    }
}
