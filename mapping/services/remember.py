"""What is saved on lines becomes the default for new lines (P33), and touches no other line."""

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import connection, transaction

from mapping.models import MappingChange
from mapping.services.choices import AgreementChoice, By, CompanyChoice, ProductChoice
from mapping.services.mappings import set_companies, set_products

# A bulk update can set an agreement for as many contracts and offers as it has lines: one statement
# for all of them, with the history that `set_agreements` would write.
REMEMBER_AGREEMENTS = """
    WITH chosen AS (
        SELECT * FROM unnest(%(organizations)s::bigint[], %(contracts)s::text[],
            %(offers)s::bigint[], %(agreements)s::bigint[], %(creates)s::boolean[])
            AS one (organization_id, contract_id, offer_id, agreement_id, create_agreement)
    ), changed AS (
        SELECT chosen.*,
            CASE WHEN known.create_agreement THEN '{"create": true}'::jsonb
                WHEN was.id IS NOT NULL THEN jsonb_build_object(
                    'id', was.id, 'connectwise_id', was.connectwise_id, 'name', was.name)
            END AS before,
            CASE WHEN chosen.create_agreement THEN '{"create": true}'::jsonb
                ELSE jsonb_build_object(
                    'id', becomes.id, 'connectwise_id', becomes.connectwise_id,
                    'name', becomes.name)
            END AS after
        FROM chosen
        LEFT JOIN mapping_agreementdefault known
            ON (known.organization_id, known.contract_id, known.offer_id)
                = (chosen.organization_id, chosen.contract_id, chosen.offer_id)
        LEFT JOIN psa_connectwise_agreement was ON was.id = known.agreement_id
        LEFT JOIN psa_connectwise_agreement becomes ON becomes.id = chosen.agreement_id
        WHERE known.id IS NULL OR (known.agreement_id, known.create_agreement)
            IS DISTINCT FROM (chosen.agreement_id, chosen.create_agreement)
    ), saved AS (
        INSERT INTO mapping_agreementdefault
            (organization_id, contract_id, offer_id, agreement_id, create_agreement)
        SELECT organization_id, contract_id, offer_id, agreement_id, create_agreement FROM changed
        ON CONFLICT (organization_id, contract_id, offer_id) DO UPDATE
            SET agreement_id = excluded.agreement_id, create_agreement = excluded.create_agreement
    )
    INSERT INTO mapping_mappingchange (kind, origin, organization_id, offer_id, contract_id,
        before, after, lines_affected, user_id, created_at)
    SELECT 'agreement', %(origin)s, organization_id, offer_id, contract_id,
        before, after, 0, %(user)s, now()
    FROM changed
"""


@transaction.atomic
def remember_choices(
    *,
    companies: Sequence[CompanyChoice] = (),
    products: Sequence[ProductChoice] = (),
    agreements: Sequence[AgreementChoice] = (),
    user: User | None,
    origin: MappingChange.Origin = MappingChange.Origin.LINE,
) -> None:
    """Remember what a user chose on lines, with its history; each agreement for one offer.

    Nothing is unmapped by it. Raises `MappingRefused`.
    """
    by = By(user=user, origin=origin, fills_lines=False)
    if companies:
        set_companies(companies, by=by)
    if products:
        set_products(products, by=by)
    if agreements:
        _remember_agreements(agreements, by=by)


def _remember_agreements(choices: Sequence[AgreementChoice], *, by: By) -> None:
    for choice in choices:
        choice.check()
    with connection.cursor() as cursor:
        cursor.execute(
            REMEMBER_AGREEMENTS,
            {
                "organizations": [choice.organization_id for choice in choices],
                "contracts": [choice.contract_id for choice in choices],
                "offers": [choice.offer_id for choice in choices],
                "agreements": [
                    choice.agreement.pk if choice.agreement else None for choice in choices
                ],
                "creates": [choice.create_agreement for choice in choices],
                "origin": by.origin.value,
                "user": by.user.pk if by.user else None,
            },
        )
