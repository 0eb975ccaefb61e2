using System.ComponentModel.DataAnnotations;
using AdmitOne.Platform.Http;
using AdmitOne.Platform.Problems;
using AdmitOne.Tickets.Scans;
using FsCheck;
using FsCheck.Fluent;

namespace AdmitOne.UnitTests.Problems;

public sealed class DeclaredRulesTests
{
    private static readonly string?[] s_texts = [null, "", " ", "in", "out", "North", "No\u0007rth", "a\nb", new('A', 100), new('A', 101), new('A', 4000), new('A', 4001)];

    [Fact]
    public void A_scan_is_found_good_exactly_when_the_framework_finds_it_so() =>
        Prop.ForAll(Gen.Elements(s_texts).Three().ToArbitrary(), texts =>
        {
            var scan = new ScanRequest { Code = texts.Item1!, EventId = Guid.Empty, Gate = texts.Item2, Direction = texts.Item3! };
            var broken = new List<ValidationResult>();
            var isGood = Validator.TryValidateObject(scan, new ValidationContext(scan), broken, validateAllProperties: true);
            var refusal = DeclaredRules.Broken(scan);
            Assert.Equal(isGood, refusal is null);
            Assert.Equal(broken.SelectMany(one => one.MemberNames).Select(ValidationAnswers.Pointer).Order(), (refusal?.Errors ?? []).Select(error => error.Pointer).Order());
        }).Check(PropertyCases.Some(500));

    [Fact]
    public void A_rule_that_looks_at_more_than_one_property_is_asked_too()
    {
        Assert.Null(DeclaredRules.Broken(new Between { From = 1, To = 2 }));
        Assert.Equal("/to", Assert.Single(DeclaredRules.Broken(new Between { From = 2, To = 1 })!.Errors).Pointer);
        Assert.Null(DeclaredRules.Broken(new Guarded { Name = "guarded" }));
        Assert.Equal("/name", Assert.Single(DeclaredRules.Broken(new Guarded { Name = "open" })!.Errors).Pointer);
    }

    [Fact]
    public void A_type_with_parts_is_left_to_the_framework()
    {
        Assert.Throws<ArgumentException>(() => DeclaredRules.Broken(new Whole(new Guarded())));
        Assert.Throws<ArgumentException>(() => DeclaredRules.Broken(new Many([new Guarded()])));
    }

    private sealed record Whole(Guarded Part);

    private sealed record Many(IReadOnlyList<Guarded> Parts);

    private sealed record Between : IValidatableObject
    {
        public int From { get; init; }

        public int To { get; init; }

        public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => From <= To ? [] : [new ValidationResult("Must not be before from.", [nameof(To)])];
    }

    private sealed record Guarded
    {
        [NeedsItsObject, PlainText(20)]
        public string Name { get; init; } = "";
    }

    [AttributeUsage(AttributeTargets.Property)]
    private sealed class NeedsItsObjectAttribute : ValidationAttribute
    {
        public override bool RequiresValidationContext => true;

        protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
            ((Guarded)validationContext.ObjectInstance).Name == "guarded" ? ValidationResult.Success : new ValidationResult("Must be guarded.", [validationContext.MemberName!]);
    }
}
